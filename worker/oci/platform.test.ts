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
  test.each([
    ["linux", { os: "linux", architecture: "" }],
    ["i386", i386],
    ["LINUX/386", i386],
    ["linux(10)/386", i386],
    ["arm", { os: "linux", architecture: "arm", variant: "v7" }],
  ])("parsePlatform() reads %s", (text, expected) => {
    expect(parsePlatform(text)).toEqual(expected);
  });
  test.each([
    ["", '"" is an invalid OS component of "": OSAndVersion specifier component must match '],
    ["/", '"" is an invalid OS component of "/": '],
    ["linux/", '"" is an invalid component of "linux/": platform specifier component must match "^[A-Za-z0-9_.-]+$"'],
    ["linux//x", '"" is an invalid component of "linux//x": '],
    ["a/b/c/d", '"a/b/c/d": cannot parse platform specifier: invalid argument'],
    ["lin ux/386", '"lin ux" is an invalid OS component of "lin ux/386": '],
    ["linux/3*6", '"linux/3*6": wildcards not yet supported: invalid argument'],
    ["foo", '"foo": unknown operating system or architecture: invalid argument'],
  ])("parsePlatform() refuses %j in containerd's words", (text, message) => {
    expect(() => parsePlatform(text)).toThrow(message);
  });
});
