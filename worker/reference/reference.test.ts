import { describe, expect, test } from "vitest";
import {
  familiarName,
  familiarString,
  formatReference,
  parseCanonical,
  parseNormalizedNamed,
  tagNameOnly,
  withTag,
} from "./reference.ts";

const hex = "0123456789abcdef".repeat(4);

describe("parseNormalizedNamed()", () => {
  test.each([
    ["busybox", "docker.io/library/busybox", "busybox"],
    ["busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"],
    ["library/busybox", "docker.io/library/busybox", "busybox"],
    ["docker.io/busybox", "docker.io/library/busybox", "busybox"],
    ["index.docker.io/busybox", "docker.io/library/busybox", "busybox"],
    ["index.docker.io/me/app:x", "docker.io/me/app:x", "me/app:x"],
    ["docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"],
    ["me/app", "docker.io/me/app", "me/app"],
    ["a__b/c--d/e.f/g_h", "docker.io/a__b/c--d/e.f/g_h", "a__b/c--d/e.f/g_h"],
    ["localhost/app", "localhost/app", "localhost/app"],
    ["localhost:5000/app:T-1.2_x", "localhost:5000/app:T-1.2_x", "localhost:5000/app:T-1.2_x"],
    ["127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b"],
    ["[::1]:5000/a", "[::1]:5000/a", "[::1]:5000/a"],
    ["[2001:DB8::1]/a", "[2001:DB8::1]/a", "[2001:DB8::1]/a"],
    ["MyHost/app", "MyHost/app", "MyHost/app"],
    [`ghcr.io/o/r@sha256:${hex}`, `ghcr.io/o/r@sha256:${hex}`, `ghcr.io/o/r@sha256:${hex}`],
    [`busybox:1@sha256:${hex}`, `docker.io/library/busybox:1@sha256:${hex}`, `busybox:1@sha256:${hex}`],
    [hex.slice(1), `docker.io/library/${hex.slice(1)}`, hex.slice(1)],
    [`x:${"t".repeat(128)}`, `docker.io/library/x:${"t".repeat(128)}`, `x:${"t".repeat(128)}`],
    ["a".repeat(247), `docker.io/library/${"a".repeat(247)}`, "a".repeat(247)],
  ])("takes %s", (text, canonical, familiar) => {
    const reference = parseNormalizedNamed(text);
    expect(formatReference(reference)).toBe(canonical);
    expect(familiarString(reference)).toBe(familiar);
    expect(parseCanonical(canonical)).toEqual(reference);
    expect(parseNormalizedNamed(familiar)).toEqual(reference);
  });

  const invalid = "invalid reference format";
  test.each([
    ["", invalid],
    [" busybox", invalid],
    ["busybox ", invalid],
    ["busybox\n", invalid],
    [":latest", invalid],
    [`@sha256:${hex}`, invalid],
    ["busybox:", invalid],
    ["busybox@", invalid],
    ["busybox:a:b", invalid],
    [`x:${"t".repeat(129)}`, invalid],
    ["x:.t", invalid],
    ["x:-t", invalid],
    ["x:t/u", invalid],
    ["-x", invalid],
    ["x-", invalid],
    ["_x", invalid],
    ["a..b", invalid],
    ["a___b", invalid],
    ["a._b", invalid],
    ["a//b", invalid],
    ["/a", invalid],
    ["a/", invalid],
    ["../a", invalid],
    ["a/../b", invalid],
    ["http://host/a", invalid],
    ["https://docker.io/library/x", invalid],
    ["-host.com/a", invalid],
    ["host-.com/a", invalid],
    ["host.com:port/a", invalid],
    ["host.com:/a", invalid],
    ["[::1/a", invalid],
    ["[fe80::1%eth0]:5000/a", invalid],
    ["ä", invalid],
    ["x@sha256:abc", invalid],
    [`x@:${hex}`, invalid],
    ["x".repeat(5000), invalid],
    ["Busybox", `${invalid}: repository name (library/Busybox) must be lowercase`],
    ["me/App", `${invalid}: repository name (me/App) must be lowercase`],
    ["localhost:5000/App:x", `${invalid}: repository name (App) must be lowercase`],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
    ["a".repeat(248), "repository name must not be more than 255 characters"],
    [`x@sha256:${hex.slice(2)}`, "invalid checksum digest length"],
    [`x@sha512:${hex}${hex}`, "unsupported digest algorithm"],
  ])("refuses %j", (text, message) => {
    expect(() => parseNormalizedNamed(text)).toThrow(expect.objectContaining({ name: "InvalidParameter", message }));
  });
});

describe("references", () => {
  test("tagNameOnly() adds latest only when nothing is said", () => {
    expect(familiarString(tagNameOnly(parseNormalizedNamed("a")))).toBe("a:latest");
    expect(familiarString(tagNameOnly(parseNormalizedNamed("a:b")))).toBe("a:b");
    expect(familiarString(tagNameOnly(parseNormalizedNamed(`a@sha256:${hex}`)))).toBe(`a@sha256:${hex}`);
  });
  test("withTag() replaces tag and digest, and refuses what is no tag", () => {
    const reference = parseNormalizedNamed(`a:b@sha256:${hex}`);
    expect(familiarString(withTag(reference, "c"))).toBe("a:c");
    expect(() => withTag(reference, "no/tag")).toThrow("invalid tag format");
    expect(() => withTag(reference, "")).toThrow("invalid tag format");
  });
  test("familiarName() keeps library/ where a short name would not lead back", () => {
    expect(familiarName(parseNormalizedNamed("docker.io/library/a/b"))).toBe("library/a/b");
    expect(familiarName(parseNormalizedNamed("ghcr.io/library/a"))).toBe("ghcr.io/library/a");
  });
  test.each([
    ["", "repository name must have at least one component"],
    ["a/B", "repository name must be lowercase"],
  ])("parseCanonical() refuses %j", (text, message) => {
    expect(() => parseCanonical(text)).toThrow(message);
  });
});
