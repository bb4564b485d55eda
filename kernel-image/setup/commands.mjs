import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { application } from "./application.mjs";
import { SetupFailure } from "./failure.mjs";
import { guest } from "./guest.mjs";
import { locked } from "./lock.mjs";
import { nodeModules } from "./node-modules.mjs";
import { Packages } from "./packages.mjs";
import { asTyped, cache, dist, top } from "./paths.mjs";
import { untilSignalled } from "./run.mjs";
import { gatherSources } from "./sources.mjs";
import { checkDebian, forBuilding, forTesting, installMissing } from "./system.mjs";
import { testTools } from "./test-tools.mjs";
import { thirdParty } from "./third-party.mjs";

/** @typedef {import("./progress.mjs").Progress} Progress */
/** @typedef {(args: readonly string[], progress: Progress) => Promise<number>} Command answers the exit code */

const wherry = join(dist, "node", "wherry.js");

/** What each npm script does. All of them share the same idempotent steps. */
/** @type {Record<string, Command>} */
export const commands = {
  start: async (args, progress) => {
    await setUp(progress, { application: true });
    return becomes(process.execPath, [wherry, "serve", ...args], asTyped());
  },
  daemon: async (args, progress) => {
    await setUp(progress, { application: true });
    return becomes(process.execPath, [wherry, "daemon", ...args], asTyped());
  },
  guest: async (args, progress) => {
    await setUp(progress, { update: isUpdate(args) });
    return 0;
  },
  sources: async (args, progress) => {
    await setUp(progress, { update: isUpdate(args), application: true, afterwards: gatherSources });
    return 0;
  },
  prepack: async (args, progress) => {
    await setUp(progress, { update: isUpdate(args), application: true, afterwards: thirdParty });
    return 0;
  },
  test: async (args, progress) => {
    await setUp(progress, { application: true, needs: forTesting, afterwards: testTools });
    return becomes(localProgram("vitest"), ["run", ...args]);
  },
  bench: async (args, progress) => {
    await setUp(progress, { application: true, needs: forTesting, afterwards: testTools });
    const entry = join(top, "test", "bench", "main.ts");
    const { build } = await import("vite");
    const output = { ssr: entry, outDir: join(dist, "bench"), emptyOutDir: true, target: "node20" };
    await build({ configFile: false, root: top, publicDir: false, logLevel: "error", build: output });
    return becomes(process.execPath, [join(dist, "bench", "main.js"), ...args], asTyped());
  },
  ok: async (args, progress) => {
    await setUp(progress, { guest: false });
    return gate(args, progress);
  },
};

/** @param {readonly string[]} args */
function isUpdate(args) {
  const unknown = args.find((argument) => argument !== "--update");
  if (unknown !== undefined) throw new SetupFailure(`Cannot understand ${unknown}: expected --update or nothing.`);
  return args.length > 0;
}

/**
 * @typedef {object} Wanted
 * @property {boolean} [update] take what apt offers now
 * @property {boolean} [guest] on unless it says no
 * @property {boolean} [application] the bundles of page and engine
 * @property {readonly import("./system.mjs").Need[]} [needs] beside those for building
 * @property {(packages: Packages, progress: Progress) => Promise<void>} [afterwards] what else is made, at the end
 */

/**
 * Makes everything ready that a command needs: what is missing of the machine's packages first, then what is built. One
 * set-up at a time works on a clone, and one on a cache.
 * @param {Progress} progress
 * @param {Wanted} wanted
 */
async function setUp(
  progress,
  { update = false, guest: withGuest = true, application: withApplication, needs = [], afterwards },
) {
  await checkDebian();
  const turn = { onWait: () => progress.say("Another set-up is at work here: waiting for it ...") };
  await untilSignalled(() =>
    locked(join(dist, ".lock"), turn, () =>
      locked(join(cache, ".lock"), turn, async () => {
        await installMissing([...forBuilding, ...needs], progress);
        await nodeModules(progress);
        const packages = new Packages({ progress, update });
        if (withGuest) {
          await guest(packages, progress);
          await packages.tellNews();
        }
        if (withApplication) await application(progress);
        progress.summary();
        await afterwards?.(packages, progress);
      }),
    ),
  );
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
