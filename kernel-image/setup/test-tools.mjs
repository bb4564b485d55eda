import { existsSync } from "node:fs";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { artefact } from "./artefact.mjs";
import { SetupFailure } from "./failure.mjs";
import { keyOf } from "./key.mjs";
import { run } from "./run.mjs";
import { isOnPath } from "./system.mjs";

/** Programs that the tests compare with or talk to, and the Debian packages that have them, the preferred one first. */
const tools = [
  { program: "docker", packages: ["docker-cli", "docker.io"] },
  { program: "docker-registry", packages: ["docker-registry"] },
  { program: "fsck.erofs", packages: ["erofs-utils"] },
  { program: "cpio", packages: ["cpio"] },
];

/**
 * Puts what this machine lacks of the tools on the PATH. They are unpacked into the cache and not installed: some of these
 * packages would bring, and start, a daemon.
 * @param {import("./packages.mjs").Packages} packages
 * @param {import("./progress.mjs").Progress} progress
 */
export async function testTools(packages, progress) {
  for (const { program, packages: names } of tools) {
    if (isOnPath(program)) continue;
    const [source] = await packages.offered(names);
    if (!source) throw new SetupFailure(`Cannot find ${names.join(" or ")} in this machine's Debian sources.`);
    const key = keyOf({ name: source.name, version: source.version, program });
    const what = `Unpacking ${program} for the tests, from ${source.name} ${source.version}`;
    const build = async (/** @type {string} */ folder) => {
      const work = join(folder, "work");
      await mkdir(work);
      const [deb = ""] = await packages.download([source]);
      await run("dpkg-deb", ["-x", deb, work]);
      const places = ["usr/bin", "usr/sbin", "bin", "sbin"].map((place) => join(work, place, program));
      await copyFile(places.find((place) => existsSync(place)) ?? program, join(folder, program));
      await rm(work, { recursive: true });
    };
    const folder = await artefact({ name: `test-${program}`, key, what, build }, progress);
    process.env.PATH = [process.env.PATH, folder].join(delimiter);
  }
}
