import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { artefact } from "./artefact.mjs";
import { SetupFailure } from "./failure.mjs";
import { hashFiles, keyOf } from "./key.mjs";
import { recipe, top } from "./paths.mjs";
import { run } from "./run.mjs";

/** What a snapshot depends on beside the files that it is booted from: told by the adapter that takes it. */
/** @typedef {{ v86: string, layout: string, protocol: number, memory: number, commandLine: string }} MachineIdentity */

const sources = ["worker/vm", "worker/shim", "worker/errdefs", "worker/internal", "worker/oci"];
const compression = ["-19", "-T0"];

/**
 * The guest's state after one boot, with the agent waiting for its first session: `state.bin.zst`.
 * @param {object} parts
 * @param {{ key: string, image: string }} parts.kernel
 * @param {{ key: string, image: string }} parts.initramfs
 * @param {{ key: string, bios: string, vgaBios: string }} parts.bios
 * @param {import("./progress.mjs").Progress} progress
 */
export async function snapshot({ kernel, initramfs, bios }, progress) {
  const program = await taker(progress);
  /** @type {MachineIdentity} */
  const identity = JSON.parse(await readFile(join(program, "identity.json"), "utf8"));
  const { v86, wasm } = await emulator();
  if (identity.v86 !== v86)
    throw new SetupFailure(`Cannot use v86 ${v86}: worker/vm/v86 is made and tested for ${identity.v86}.`);
  const key = keyOf({
    kernel: kernel.key,
    initramfs: initramfs.key,
    bios: bios.key,
    wasm: await hashFiles([wasm], top),
    ...identity,
    compression,
  });
  const build = async (/** @type {string} */ folder) => {
    const state = join(folder, "state.bin");
    const files = [wasm, bios.bios, bios.vgaBios, kernel.image, initramfs.image, state];
    await run(process.execPath, [join(program, "take-snapshot.js"), "take", ...files]);
    await run("zstd", ["-q", ...compression, state, "-o", `${state}.zst`]);
    const { size } = await stat(`${state}.zst`);
    await writeFile(join(folder, "size"), String((await stat(state)).size));
    await rm(state);
    progress.say(`  the snapshot has ${(size / 1e6).toFixed(1)} MB`);
  };
  const what = "Booting the guest once and taking its snapshot";
  const folder = await artefact({ name: "snapshot", key, what, build }, progress);
  const uncompressed = Number(await readFile(join(folder, "size"), "utf8"));
  return { folder, key, state: join(folder, "state.bin.zst"), uncompressed, identity, wasm };
}

/**
 * The program that takes the snapshot: the machine's adapter, bundled.
 * @param {import("./progress.mjs").Progress} progress
 */
async function taker(progress) {
  const entry = join(recipe, "snapshot", "take-snapshot.ts");
  const used = [entry, ...sources.map((path) => join(top, path)), join(top, "package-lock.json")];
  const key = keyOf({ sources: await hashFiles(used, top) });
  const build = async (/** @type {string} */ folder) => {
    const { build: bundle } = await import("vite");
    await bundle({
      configFile: false,
      root: top,
      logLevel: "error",
      publicDir: false,
      ssr: { noExternal: true },
      build: { ssr: entry, outDir: folder, emptyOutDir: false, target: "node20", minify: false },
    });
    await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
    const identity = await run(process.execPath, [join(folder, "take-snapshot.js"), "identity"]);
    await writeFile(join(folder, "identity.json"), identity);
  };
  return artefact({ name: "snapshot-taker", key, what: "Bundling the machine's adapter", build }, progress);
}

/** The pinned emulator: its exact version, and its WebAssembly module. */
async function emulator() {
  const resolve = createRequire(join(top, "package.json")).resolve;
  const home = join(resolve("v86"), "..", "..");
  const { version } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
  return { v86: /** @type {string} */ (version), wasm: join(home, "build", "v86.wasm") };
}
