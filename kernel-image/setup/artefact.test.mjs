import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it, vi } from "vitest";

const home = mkdtempSync(join(tmpdir(), "wherry-cache-"));
vi.stubEnv("WHERRY_CACHE", home);
const { artefact } = await import("./artefact.mjs");
const { Progress } = await import("./progress.mjs");
const progress = new Progress({ write: () => {} });

beforeEach(() => rmSync(join(home, "thing"), { recursive: true, force: true }));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/**
 * @param {string} key
 * @param {(folder: string) => Promise<void>} build
 */
const recipe = (key, build) => ({ name: "thing", key, what: "Making a thing", build });
const make = (/** @type {string} */ text) => async (/** @type {string} */ folder) =>
  writeFileSync(join(folder, "it"), text);

it("artefact() builds once for a key", async () => {
  const build = vi.fn(make("one"));
  const first = await artefact(recipe("a", build), progress);
  const second = await artefact(recipe("a", build), progress);
  expect(second).toBe(first);
  expect(build).toHaveBeenCalledTimes(1);
  expect(readFileSync(join(first, "it"), "utf8")).toBe("one");
});

it("artefact() leaves nothing behind when the build fails, and builds again", async () => {
  const fails = async (/** @type {string} */ folder) => {
    writeFileSync(join(folder, "it"), "half");
    throw new Error("no");
  };
  await expect(artefact(recipe("a", fails), progress)).rejects.toThrow("no");
  expect(readdirSync(join(home, "thing"))).toEqual([]);
  expect(readFileSync(join(await artefact(recipe("a", make("whole")), progress), "it"), "utf8")).toBe("whole");
});

it("artefact() removes what a build that was killed has left", async () => {
  mkdirSync(join(home, "thing", ".building-half"), { recursive: true });
  writeFileSync(join(home, "thing", ".building-half", "it"), "half");
  await artefact(recipe("a", make("whole")), progress);
  expect(readdirSync(join(home, "thing"))).toEqual(["a"]);
});

it("artefact() accepts what another process has built meanwhile", async () => {
  const slow = async (/** @type {string} */ folder) => {
    mkdirSync(join(home, "thing", "a"));
    await make("theirs")(join(home, "thing", "a"));
    await make("ours")(folder);
  };
  const folder = await artefact(recipe("a", slow), progress);
  expect(readFileSync(join(folder, "it"), "utf8")).toBe("theirs");
  expect(readdirSync(join(home, "thing"))).toEqual(["a"]);
});

it("artefact() keeps the four that were used last", async () => {
  for (const key of ["a", "b", "c", "d"]) {
    await artefact(recipe(key, make(key)), progress);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await artefact(recipe("a", make("a")), progress);
  await artefact(recipe("e", make("e")), progress);
  expect(existsSync(join(home, "thing", "a"))).toBe(true);
  expect(existsSync(join(home, "thing", "b"))).toBe(false);
});
