import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { artefact } from "../setup/artefact.mjs";
import { hashFiles, keyOf } from "../setup/key.mjs";
import { recipe } from "../setup/paths.mjs";
import { toolchain } from "../setup/toolchain.mjs";
import { busybox } from "./busybox.mjs";
import { debian } from "./debian.mjs";
import { helloWorld } from "./hello-world.mjs";
import { OciLayout } from "./oci-layout.mjs";

/**
 * The bundled registry: `hello-world`, `busybox` and `debian` as one static OCI layout.
 * @param {import("../setup/packages.mjs").Packages} packages
 * @param {import("../setup/progress.mjs").Progress} progress
 */
export async function bundledImages(packages, progress) {
  const system = await packages.image();
  const shell = await packages.get("busybox-static");
  const key = keyOf({
    recipe: await hashFiles([join(recipe, "images")], recipe),
    packages: [...system, shell].map(({ name, version, sha256 }) => `${name} ${version} ${sha256}`),
    toolchain: await toolchain(),
    zlib: process.versions.zlib,
  });
  const build = async (/** @type {string} */ folder) => {
    const work = join(folder, "work");
    await mkdir(work);
    const layout = new OciLayout(folder);
    const [deb = ""] = await packages.download([shell]);
    const images = [
      await helloWorld(work),
      await busybox(work, shell, deb),
      await debian(system, await packages.download(system), work),
    ];
    for (const image of images) {
      const size = await layout.add(image);
      progress.say(`  ${image.repository} has ${(size / 1e6).toFixed(1)} MB`);
    }
    await layout.finish();
    await rm(work, { recursive: true });
  };
  const folder = await artefact({ name: "images", key, what: "Assembling the bundled images", build }, progress);
  return { folder, key };
}
