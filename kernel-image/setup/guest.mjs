import { copyFile, link, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { bundledImages } from "../images/bundle.mjs";
import { agent } from "./agent.mjs";
import { replaceFile } from "./artefact.mjs";
import { bios } from "./bios.mjs";
import { crun } from "./crun.mjs";
import { initramfs } from "./initramfs.mjs";
import { kernel } from "./kernel.mjs";
import { filesBelow, sha256 } from "./key.mjs";
import { dist } from "./paths.mjs";
import { snapshot } from "./snapshot.mjs";

/**
 * What `dist/guest/guest.json` says: which files make the guest, and all that they were made for. A machine refuses a
 * snapshot whose `machine` is not its own, naming the property that differs.
 * @typedef {object} GuestManifest
 * @property {1} version
 * @property {Record<"state" | "wasm" | "kernel" | "initramfs" | "bios" | "vgaBios", GuestFile>} files
 * @property {import("./snapshot.mjs").MachineIdentity} machine
 * @property {Record<string, string>} keys under which the parts are cached
 * @property {{ kernel: string, runtime: string, init: string }} versions `uname -r`; crun's; tini's, which is docker-init
 */

/**
 * `path` is relative to guest.json and names the content. `uncompressed` is there for zstd files.
 * @typedef {{ path: string, size: number, sha256: string, uncompressed?: number }} GuestFile
 */

/**
 * Builds what is missing, and places everything in dist/guest and dist/images.
 * @param {import("./packages.mjs").Packages} packages
 * @param {import("./progress.mjs").Progress} progress
 */
export async function guest(packages, progress) {
  const parts = {
    kernel: await kernel(packages, progress),
    crun: await crun(packages, progress),
    agent: await agent(progress),
    bios: await bios(packages, progress),
  };
  const root = await initramfs(parts, packages, progress);
  const taken = await snapshot({ ...parts, initramfs: root }, progress);
  const images = await bundledImages(packages, progress);
  const keys = {
    ...Object.fromEntries(Object.entries(parts).map(([name, { key }]) => [name, key])),
    initramfs: root.key,
    snapshot: taken.key,
    images: images.key,
  };
  if ((await placedKeys()) === JSON.stringify(keys)) return;

  const folder = join(dist, "guest");
  const description = join(folder, "guest.json");
  await mkdir(folder, { recursive: true });
  // Written last: what was placed in part is not taken for whole.
  await rm(description, { force: true });
  /** @type {GuestManifest} */
  const manifest = {
    version: 1,
    files: {
      state: { ...(await place(taken.state, folder, "state", ".bin.zst")), uncompressed: taken.uncompressed },
      wasm: await place(taken.wasm, folder, "v86", ".wasm"),
      kernel: await place(parts.kernel.image, folder, "kernel", ".bin"),
      initramfs: await place(root.image, folder, "initramfs", ".cpio"),
      bios: await place(parts.bios.bios, folder, "bios", ".bin"),
      vgaBios: await place(parts.bios.vgaBios, folder, "vgabios", ".bin"),
    },
    machine: taken.identity,
    keys,
    versions: { kernel: parts.kernel.release, runtime: parts.crun.version, init: root.init },
  };
  await compressBeside(join(folder, manifest.files.wasm.path));
  await placeTree(images.folder, join(dist, "images"));
  await replaceFile(description, `${JSON.stringify(manifest, undefined, 2)}\n`);
  await removeOthers(folder, manifest);
}

async function placedKeys() {
  const text = await readFile(join(dist, "guest", "guest.json"), "utf8").catch(() => "{}");
  return JSON.stringify(JSON.parse(text).keys);
}

/**
 * @param {string} source
 * @param {string} folder
 * @param {string} name
 * @param {string} ending
 * @returns {Promise<GuestFile>}
 */
async function place(source, folder, name, ending) {
  const bytes = await readFile(source);
  const digest = sha256(bytes);
  const path = `${name}-${digest.slice(0, 16)}${ending}`;
  await linkOrCopy(source, join(folder, path));
  return { path, size: bytes.length, sha256: digest };
}

/**
 * For servers that send what was compressed in advance: a sixth of the bytes.
 * @param {string} path
 */
async function compressBeside(path) {
  await replaceFile(`${path}.br`, brotliCompressSync(await readFile(path)));
}

/**
 * @param {string} from
 * @param {string} to
 */
async function placeTree(from, to) {
  await rm(to, { recursive: true, force: true });
  for (const file of await filesBelow(from)) {
    const target = join(to, file.slice(from.length + 1));
    await mkdir(join(target, ".."), { recursive: true });
    await linkOrCopy(file, target);
  }
}

/**
 * A second name costs no space; another filesystem wants a copy.
 * @param {string} from
 * @param {string} to
 */
async function linkOrCopy(from, to) {
  await rm(to, { force: true });
  await link(from, to).catch(() => copyFile(from, to));
}

/**
 * @param {string} folder
 * @param {GuestManifest} manifest
 */
async function removeOthers(folder, manifest) {
  const wanted = new Set(["guest.json", ...Object.values(manifest.files).map(({ path }) => path)]);
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!wanted.has(name.replace(/\.br$/, "")) && (await stat(path)).isFile()) await rm(path);
  }
}
