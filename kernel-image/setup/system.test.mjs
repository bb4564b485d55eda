import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { nodeRefusal } from "./node-version.mjs";
import { cacheFolder } from "./paths.mjs";

it("nodeRefusal() refuses what is older than package.json says, and says what is needed", async () => {
  const { engines } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  expect(engines.node).toBe(">=20.19");
  for (const version of ["20.19.0", "20.20.2", "22.0.0"]) expect(nodeRefusal(version)).toBeUndefined();
  for (const version of ["12.22.12", "18.20.0", "20.18.9"])
    expect(nodeRefusal(version)).toBe(`Wherry needs Node 20.19 or later; this is Node ${version}.`);
  const program = await readFile(new URL("../../web/run/wherry.node.ts", import.meta.url), "utf8");
  expect(program).toContain("oldest = { major: 20, minor: 19 }");
});

it("cacheFolder() takes WHERRY_CACHE, then an absolute XDG_CACHE_HOME", () => {
  expect(cacheFolder({ WHERRY_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a");
  expect(cacheFolder({ WHERRY_CACHE: "a", INIT_CWD: "/where/npm/was/typed" })).toBe("/where/npm/was/typed/a");
  expect(cacheFolder({ XDG_CACHE_HOME: "/b" })).toBe("/b/wherry");
  expect(cacheFolder({ XDG_CACHE_HOME: "relative" })).toMatch(/\/\.cache\/wherry$/);
});
