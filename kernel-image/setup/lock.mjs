import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { systemFailure } from "./failure.mjs";
import { inherited } from "./run.mjs";

/** What flock(1) is told to answer when somebody else has the lock. */
const taken = 75;

/**
 * Runs `work` while nobody else holds the lock of that file; waits its turn. A lock ends with the process that holds it and
 * the programs that it runs, however those end: flock(1) sits beside them and reads from them.
 * @template T
 * @param {string} path
 * @param {{ onWait: () => void }} options
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function locked(path, { onWait }, work) {
  if (!(await canLock(path))) return work();
  let holder = await hold(path, ["--nonblock", "--conflict-exit-code", String(taken)]);
  if (!holder) {
    onWait();
    holder = await hold(path, []);
  }
  if (!holder) throw new Error(`Cannot lock ${path}`);
  inherited.add(holder.stdin);
  try {
    return await work();
  } finally {
    inherited.delete(holder.stdin);
    holder.stdin.end();
  }
}

/**
 * Where nothing can be written, nobody changes what the lock is for: what was built can be used.
 * @param {string} path
 */
async function canLock(path) {
  try {
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, "");
    return true;
  } catch (error) {
    if (systemFailure(error)) return false;
    throw error;
  }
}

/**
 * @param {string} path
 * @param {readonly string[]} options
 */
async function hold(path, options) {
  const argv = [...options, path, "sh", "-c", "echo locked; exec cat"];
  const holder = spawn("flock", argv, { stdio: ["pipe", "pipe", "inherit"] });
  holder.stdin.on("error", () => {});
  const [code] = await Promise.race([once(holder.stdout, "data").then(() => [0]), once(holder, "close")]);
  if (code === 0) return holder;
  if (code === taken) return undefined;
  throw new Error(`Cannot lock ${path}: flock ended with ${code}`);
}
