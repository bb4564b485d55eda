import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { application } from "./application.mjs";
import { guest } from "./guest.mjs";
import { nodeModules } from "./node-modules.mjs";
import { Packages } from "./packages.mjs";
import { dist, top } from "./paths.mjs";
import { gatherSources } from "./sources.mjs";
import { checkNode, forBuilding, forTesting, installMissing } from "./system.mjs";
import { testTools } from "./test-tools.mjs";
import { thirdParty } from "./third-party.mjs";

/** @typedef {import("./progress.mjs").Progress} Progress */
/** @typedef {(args: readonly string[], progress: Progress) => Promise<number>} Command answers the exit code */

const wherry = join(dist, "node", "wherry.js");

/** What each npm script does. All of them share the same idempotent steps. */
/** @type {Record<string, Command>} */
export const commands = {
  start: async (args, progress) => {
    await ready(progress, [], { withApplication: true });
    return becomes(process.execPath, [wherry, "serve", ...args], asTyped());
  },
  daemon: async (args, progress) => {
    await ready(progress, [], { withApplication: true });
    return becomes(process.execPath, [wherry, "daemon", ...args], asTyped());
  },
  guest: async (args, progress) => {
    await ready(progress, args);
    return 0;
  },
  sources: async (args, progress) => {
    const packages = await ready(progress, args, { withApplication: true });
    await gatherSources(packages, progress);
    return 0;
  },
  prepack: async (args, progress) => {
    const packages = await ready(progress, args, { withApplication: true });
    await thirdParty(packages, progress);
    return 0;
  },
  test: async (args, progress) => {
    await testTools(await ready(progress, [], { withApplication: true, needs: forTesting }), progress);
    return becomes(localProgram("vitest"), ["run", ...args]);
  },
  bench: async (args, progress) => {
    await testTools(await ready(progress, [], { withApplication: true, needs: forTesting }), progress);
    const entry = join(top, "test", "bench", "main.ts");
    const { build } = await import("vite");
    const output = { ssr: entry, outDir: join(dist, "bench"), emptyOutDir: true, target: "node20" };
    await build({ configFile: false, root: top, publicDir: false, logLevel: "error", build: output });
    return becomes(process.execPath, [join(dist, "bench", "main.js"), ...args], asTyped());
  },
  ok: async (args, progress) => {
    await ready(progress, [], { withGuest: false });
    return gate(args, progress);
  },
};

/**
 * @param {Progress} progress
 * @param {readonly string[]} args of a command that takes `--update`
 * @param {{ withGuest?: boolean, withApplication?: boolean, needs?: readonly import("./system.mjs").Need[] }} [options]
 */
async function ready(progress, args, { withGuest = true, withApplication = false, needs = [] } = {}) {
  checkNode();
  await nodeModules(progress);
  const packages = new Packages({ progress, update: args.includes("--update") });
  await installMissing([...forBuilding, ...needs], progress);
  if (withGuest) {
    await guest(packages, progress);
    await packages.tellNews();
  }
  if (withApplication) await application(progress);
  progress.summary();
  return packages;
}

/**
 * The fast gate: everything that needs no guest. Goes on after a failure, so that one run tells all.
 * @param {readonly string[]} args for vitest
 * @param {Progress} progress
 */
async function gate(args, progress) {
  const projects = (await Promise.all(["worker", "web", "test", "kernel-image"].map(typeScriptProjects))).flat();
  /** @type {[string, string, string[]][]} */
  const checks = [
    ["Format and lint", "biome", ["check", "--error-on-warnings"]],
    ...projects.map((path) => /** @type {[string, string, string[]]} */ ([`Types of ${path}`, "tsc", ["-p", path]])),
    ["Unused code", "knip", []],
    ["Unit tests", "vitest", ["run", "--project", "unit", ...args]],
  ];
  const failed = [];
  for (const [what, program, argv] of checks) {
    progress.say(`${what} ...`);
    if ((await becomes(localProgram(program), argv)) !== 0) failed.push(what);
  }
  progress.say(failed.length === 0 ? "All is well." : `Not well: ${failed.join(", ")}`);
  return failed.length === 0 ? 0 : 1;
}

/** @param {string} folder */
async function typeScriptProjects(folder) {
  const names = (await readdir(join(top, folder))).filter((name) => /^tsconfig.*\.json$/.test(name));
  return names.map((name) => join(folder, name));
}

/** @param {string} name */
function localProgram(name) {
  return join(top, "node_modules", ".bin", name);
}

/** Where the user stood: paths on the command line are relative to it. npm itself runs scripts in the clone. */
function asTyped() {
  return process.env.INIT_CWD ?? process.cwd();
}

/**
 * Runs a program in this one's place: on its terminal, with its signals, and answers its exit code.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} [cwd]
 * @returns {Promise<number>}
 */
function becomes(program, args, cwd = top) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", cwd });
    // A terminal sends these to both; the child decides what they mean.
    const forward = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    const leave = () => {};
    process.on("SIGINT", leave);
    process.on("SIGTERM", forward);
    process.on("SIGHUP", forward);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", leave);
      process.off("SIGTERM", forward);
      process.off("SIGHUP", forward);
      resolve(code ?? (signal === "SIGINT" ? 130 : 143));
    });
  });
}
