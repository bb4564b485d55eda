import { expect, it } from "vitest";
import { cacheFolder } from "./paths.mjs";
import { checkNode } from "./system.mjs";

it("checkNode() refuses what is older than 20.19 and says what is needed", () => {
  for (const version of ["20.19.0", "20.20.2", "22.0.0"]) expect(() => checkNode(version)).not.toThrow();
  for (const version of ["18.20.0", "20.18.9"])
    expect(() => checkNode(version)).toThrow(`Wherry needs Node 20.19 or later; this is Node ${version}.`);
});

it("cacheFolder() takes WHERRY_CACHE, then an absolute XDG_CACHE_HOME", () => {
  expect(cacheFolder({ WHERRY_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a");
  expect(cacheFolder({ XDG_CACHE_HOME: "/b" })).toBe("/b/wherry");
  expect(cacheFolder({ XDG_CACHE_HOME: "relative" })).toMatch(/\/\.cache\/wherry$/);
});
