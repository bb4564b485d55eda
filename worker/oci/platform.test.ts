import { describe, expect, test } from "vitest";
import { choosePlatform, formatPlatform, matchesPlatform, parsePlatform } from "./platform.ts";

describe("platforms", () => {
  const i386 = { os: "linux", architecture: "386" };
  test.each([
    ["linux/386", "linux/386", true],
    ["linux/386", "linux/i386", true],
    ["linux/386", "linux/amd64", false],
    ["linux/386", "windows/386", false],
    ["linux/amd64", "linux/x86_64", true],
    ["linux/amd64", "linux/amd64/v1", true],
    ["linux/amd64", "linux/amd64/v3", false],
    ["linux/arm64", "linux/aarch64/v8", true],
    ["linux/arm", "linux/arm/v7", true],
    ["linux/arm/v6", "linux/arm/7", false],
    ["386", "linux/386", true],
  ])("%s and %s match: %s", (wanted, offered, expected) => {
    expect(matchesPlatform(parsePlatform(wanted), parsePlatform(offered))).toBe(expected);
  });
  test("choosePlatform() walks the wanted list first", () => {
    const offered = ["linux/amd64", "linux/386"].map(parsePlatform);
    const identity = <T>(value: T) => value;
    expect(choosePlatform([i386, parsePlatform("linux/amd64")], offered, identity)).toEqual(i386);
    expect(choosePlatform([parsePlatform("linux/arm64")], offered, identity)).toBeUndefined();
  });
  test("formatPlatform() writes the variant", () => {
    expect(formatPlatform({ os: "linux", architecture: "arm", variant: "v7" })).toBe("linux/arm/v7");
  });
  test.each(["", "/", "linux/", "linux//x", "a/b/c/d", "lin ux/386"])("parsePlatform() refuses %j", (text) => {
    expect(() => parsePlatform(text)).toThrow("invalid");
  });
});
