import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { locked } from "./lock.mjs";

const folder = mkdtempSync(join(tmpdir(), "wherry-lock-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "in", "lock");

it("locked() lets one work at a time, and tells who waits", async () => {
  /** @type {string[]} */
  const story = [];
  /** @type {() => void} */
  let finish = () => {};
  const first = locked(path, { onWait: () => story.push("the first waits") }, async () => {
    story.push("the first works");
    await new Promise((resolve) => {
      finish = () => resolve(undefined);
    });
    story.push("the first is done");
  });
  await until(() => story.length > 0);
  const second = locked(path, { onWait: () => story.push("the second waits") }, async () => "the second works");
  await until(() => story.length > 1);
  finish();
  await first;
  expect(await second).toBe("the second works");
  expect(story).toEqual(["the first works", "the second waits", "the first is done"]);
});

it("locked() frees the lock when the work fails, and when the process is killed", async () => {
  const fails = () => Promise.reject(new Error("no"));
  await expect(locked(path, { onWait: () => {} }, fails)).rejects.toThrow("no");
  const other = spawn(process.execPath, ["--input-type=module", "-e", script(`console.log("has it")`)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(other.stdout, "data");
  let waited = false;
  const mine = locked(path, { onWait: () => (waited = true) }, async () => "mine");
  await until(() => waited);
  other.kill("SIGKILL");
  expect(await mine).toBe("mine");
});

it("locked() keeps the lock while a program of a killed process goes on", async () => {
  const [begun, done] = [join(folder, "begun"), join(folder, "done")];
  const program = `await run("sh", ["-c", "touch ${begun}; sleep .5; touch ${done}"])`;
  const other = spawn(process.execPath, ["--input-type=module", "-e", script(program)], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  await until(() => existsSync(begun));
  other.kill("SIGKILL");
  expect(await locked(path, { onWait: () => {} }, async () => existsSync(done))).toBe(true);
});

it("locked() works without a lock where nothing can be written", async () => {
  // Not even root makes a folder there.
  expect(await locked("/sys/wherry/lock", { onWait: () => {} }, async () => "done")).toBe("done");
});

/**
 * A program that holds the lock and never lets go.
 * @param {string} work
 */
function script(work) {
  const module = (/** @type {string} */ name) => JSON.stringify(new URL(name, import.meta.url).href);
  return `
    import { locked } from ${module("./lock.mjs")};
    import { run } from ${module("./run.mjs")};
    setInterval(() => {}, 1000);
    await locked(${JSON.stringify(path)}, { onWait: () => {} }, async () => { ${work}; await new Promise(() => {}); });`;
}

/** @param {() => boolean} condition */
async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
