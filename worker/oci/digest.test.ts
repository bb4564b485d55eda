import { describe, expect, test } from "vitest";
import { type Digest, parseDigest, shortId } from "./digest.ts";

const hex = "0123456789abcdef".repeat(4);
const digest: Digest = `sha256:${hex}`;

describe("parseDigest()", () => {
  test("takes a sha256 digest", () => {
    expect(parseDigest(digest)).toBe(digest);
    expect(shortId(digest)).toBe("0123456789ab");
  });
  test.each([
    ["", "invalid checksum digest format"],
    ["sha256", "invalid checksum digest format"],
    ["sha256:", "invalid checksum digest format"],
    [`sha256:${hex}\n`, "invalid checksum digest format"],
    [`sha256:${hex.toUpperCase()}`, "invalid checksum digest format"],
    [`sha256:../../${hex}`, "invalid checksum digest format"],
    [`sha256:${hex.slice(1)}`, "invalid checksum digest length"],
    [`sha512:${hex}${hex}`, "unsupported digest algorithm"],
  ])("refuses %j", (text, message) => {
    expect(() => parseDigest(text)).toThrow(message);
  });
});
