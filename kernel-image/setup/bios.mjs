import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { artefact } from "./artefact.mjs";
import { keyOf } from "./key.mjs";
import { run } from "./run.mjs";

const files = { bios: "bios.bin", vgaBios: "vgabios-stdvga.bin" };

/**
 * The emulated machine's firmware, SeaBIOS.
 * @param {import("./packages.mjs").Packages} packages
 * @param {import("./progress.mjs").Progress} progress
 */
export async function bios(packages, progress) {
  const source = await packages.get("seabios");
  const key = keyOf({ version: source.version, sha256: source.sha256, files: Object.values(files) });
  const build = async (/** @type {string} */ folder) => {
    const work = join(folder, "work");
    await mkdir(work);
    const [deb = ""] = await packages.download([source]);
    await run("dpkg-deb", ["-x", deb, work]);
    for (const name of Object.values(files)) await copyFile(join(work, "usr/share/seabios", name), join(folder, name));
    await rm(work, { recursive: true });
  };
  const folder = await artefact({ name: "bios", key, what: "Unpacking SeaBIOS", build }, progress);
  return { folder, key, bios: join(folder, files.bios), vgaBios: join(folder, files.vgaBios) };
}
