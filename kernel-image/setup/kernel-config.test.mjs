import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { parseConfig, unmetOptions } from "./kernel-config.mjs";

it("unmetOptions() names what was dropped, changed or forced on", () => {
  const fragment = 'CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\n# CONFIG_D is not set\nCONFIG_NAME="wherry"\n';
  const config = 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=y\nCONFIG_NAME="other"\n';
  expect(unmetOptions(fragment, config)).toEqual([
    "CONFIG_B: expected y, got n",
    "CONFIG_C: expected n, got y",
    'CONFIG_NAME: expected "wherry", got "other"',
  ]);
});

it("kernel.config asks for each option once, and for what Go programs crash without", async () => {
  const text = await readFile(new URL("../linux/kernel.config", import.meta.url), "utf8");
  const lines = text.split("\n").filter((line) => /^(# )?CONFIG_/.test(line));
  expect(parseConfig(text).size).toBe(lines.length);
  expect(parseConfig(text).get("COMPAT_32BIT_TIME")).toBe("y");
});
