import { spawn } from "node:child_process";
import { SetupFailure } from "../setup/failure.mjs";
import { readTar } from "./tar.mjs";

/**
 * The files of a .deb with their owners, which unpacking to disk without root would lose.
 * @param {string} deb
 */
export async function packageFiles(deb) {
  return readTar(await dpkgDeb("--fsys-tarfile", deb));
}

/**
 * The control archive of a .deb: `control`, `md5sums`, `conffiles`, maintainer scripts, ...
 * @param {string} deb
 */
export async function packageControl(deb) {
  return readTar(await dpkgDeb("--ctrl-tarfile", deb)).filter(({ type }) => type === "file");
}

/**
 * @param {string} what
 * @param {string} deb
 * @returns {Promise<Buffer>}
 */
function dpkgDeb(what, deb) {
  return new Promise((resolve, reject) => {
    const child = spawn("dpkg-deb", [what, deb], { stdio: ["ignore", "pipe", "inherit"] });
    /** @type {Buffer[]} */
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(chunks));
      else reject(new SetupFailure(`Cannot read ${deb}: dpkg-deb ended with ${code}.`));
    });
  });
}
