import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { constants } from "node:os";
import { SetupFailure } from "./failure.mjs";

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string>} [env] added to this process's environment
 * @property {string} [log] a file that takes all output, appended
 * @property {boolean} [anyway] resolve also when it failed
 */

/**
 * Runs a program to its end and answers what it wrote to standard output.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<string>}
 */
export async function run(program, args, options = {}) {
  const { code, stdout, stderr } = await outcome(program, args, options);
  if (code === 0 || options.anyway) return stdout;
  const said = options.log ? await tail(options.log) : (stderr || stdout).trimEnd().split("\n").slice(-12).join("\n");
  const where = options.log ? `\nAll of it is in ${options.log}` : "";
  throw new SetupFailure(`Cannot run ${program}: it ended with ${code}.\n${said}${where}`);
}

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/**
 * Open in every program that is run: whoever reads from one hears its end when the last of them has ended, too.
 * @type {Set<import("node:stream").Writable>}
 */
export const inherited = new Set();

/**
 * While `work` runs, a signal that ends this process ends the programs that it runs, too: a compiler would go on otherwise.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function untilSignalled(work) {
  const signals = /** @type {const} */ (["SIGHUP", "SIGINT", "SIGTERM"]);
  const end = (/** @type {"SIGHUP" | "SIGINT" | "SIGTERM"} */ signal) => {
    for (const child of running) child.kill("SIGTERM");
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of signals) process.on(signal, end);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>} 127 when there is no such program
 */
export function outcome(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, LC_ALL: "C.UTF-8", ...options.env },
      stdio: ["ignore", "pipe", "pipe", ...inherited],
    });
    running.add(child);
    const log = options.log ? createWriteStream(options.log, { flags: "a" }) : undefined;
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (chunk) => {
      stdout += chunk;
      log?.write(chunk);
    });
    child.stderr?.on("data", (chunk) => {
      stderr += chunk;
      log?.write(chunk);
    });
    child.on("error", (error) => {
      running.delete(child);
      if ("code" in error && error.code === "ENOENT") resolve({ code: 127, stdout, stderr: `no program ${program}` });
      else reject(error);
    });
    child.on("close", (code, signal) => {
      running.delete(child);
      const settle = () => resolve({ code: code ?? (signal ? 128 : 1), stdout, stderr });
      if (log) log.end(settle);
      else settle();
    });
  });
}

/** @param {string} log */
async function tail(log) {
  const text = await readFile(log, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-12).join("\n");
}
