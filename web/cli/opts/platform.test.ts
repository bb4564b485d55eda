import { describe, expect, it } from "vitest";
import { parsePlatform, platformName, platformParameter } from "./platform.ts";

describe("parsePlatform()", () => {
  it.each([
    ["linux/amd64", "linux/amd64"],
    ["LINUX/X86_64", "linux/amd64"],
    ["linux/i386", "linux/386"],
    ["linux/arm/7", "linux/arm"],
    ["linux/armel", "linux/arm/v6"],
    ["linux/arm64/v8", "linux/arm64"],
    ["macos/arm64", "darwin/arm64"],
    ["linux", "linux/386"],
    ["s390x", "linux/s390x"],
  ])("reads %s as %s", (text, expected) => {
    expect(platformName(parsePlatform(text))).toBe(expected);
  });

  it.each([
    ["foo", '"foo": unknown operating system or architecture: invalid argument'],
    ["a/b/c/d", '"a/b/c/d": cannot parse platform specifier: invalid argument'],
    ["a*b", '"a*b": wildcards not yet supported: invalid argument'],
    ["linux/!!", '"!!" is an invalid component of "linux/!!": platform specifier component must match'],
  ])("refuses %s", (text, message) => {
    expect(() => parsePlatform(text)).toThrow(message);
  });
});

describe("platformParameter()", () => {
  it("is JSON for the API, and nothing where nothing is asked for", () => {
    expect(platformParameter("linux/arm/v6")).toBe('{"architecture":"arm","os":"linux","variant":"v6"}');
    expect(platformParameter("")).toBeUndefined();
  });
});
