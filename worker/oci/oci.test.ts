import { describe, expect, test } from "vitest";
import { type Digest, parseDigest, shortId } from "./digest.ts";
import { parseImageConfig } from "./image-config.ts";
import { parseManifestOrIndex } from "./manifest.ts";
import { mediaTypes } from "./media-types.ts";
import { choosePlatform, formatPlatform, matchesPlatform, parsePlatform } from "./platform.ts";

const hex = "0123456789abcdef".repeat(4);
const digest: Digest = `sha256:${hex}`;
const encode = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

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

const layer = { mediaType: mediaTypes.dockerLayerGzip, digest, size: 10 };
const manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.dockerManifest,
  config: { mediaType: mediaTypes.dockerConfig, digest, size: 7 },
  layers: [layer],
};
const index = {
  schemaVersion: 2,
  manifests: [
    { mediaType: mediaTypes.ociManifest, digest, size: 5, platform: { os: "linux", architecture: "amd64" } },
    { mediaType: mediaTypes.ociManifest, digest, size: 6, platform: { os: "linux", architecture: "386" } },
  ],
};

describe("parseManifestOrIndex()", () => {
  test("takes a schema 2 manifest", () => {
    const parsed = parseManifestOrIndex(encode(manifest), `${mediaTypes.dockerManifest}; charset=utf-8`);
    expect(parsed).toMatchObject({ kind: "manifest", layers: [layer] });
  });
  test("takes an index without media type", () => {
    expect(parseManifestOrIndex(encode(index))).toMatchObject({ kind: "index", mediaType: mediaTypes.ociIndex });
  });
  test("takes an OCI manifest whose layers are zstd", () => {
    const oci = {
      schemaVersion: 2,
      config: { mediaType: mediaTypes.ociConfig, digest, size: 7 },
      layers: [{ ...layer, mediaType: mediaTypes.ociLayerZstd }],
    };
    expect(parseManifestOrIndex(encode(oci), mediaTypes.ociManifest).mediaType).toBe(mediaTypes.ociManifest);
  });
  test.each<[string, unknown, string?]>([
    ["not JSON", "{"],
    ["not UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
    ["an array", []],
    ["schema 1", { schemaVersion: 1, name: "x" }],
    ["schema 1 by type", manifest, "application/vnd.docker.distribution.manifest.v1+prettyjws"],
    ["no schema version", { ...manifest, schemaVersion: undefined }],
    ["a contradicting type", manifest, mediaTypes.ociIndex],
    ["manifests and layers", { ...index, layers: [] }],
    ["no config", { ...manifest, config: undefined }],
    [
      "a config that is none",
      { ...manifest, config: { ...manifest.config, mediaType: "application/vnd.cncf.helm.config" } },
    ],
    ["no layers", { ...manifest, layers: undefined }],
    ["a strange layer", { ...manifest, layers: [{ ...layer, mediaType: "text/plain" }] }],
    ["a bad digest", { ...manifest, layers: [{ ...layer, digest: "sha256:../x" }] }],
    ["a negative size", { ...manifest, layers: [{ ...layer, size: -1 }] }],
    ["a fractional size", { ...manifest, layers: [{ ...layer, size: 1.5 }] }],
    ["a huge size", { ...manifest, layers: [{ ...layer, size: 2 ** 60 }] }],
    ["too many layers", { ...manifest, layers: Array(126).fill(layer) }],
    ["too many manifests", { ...index, manifests: Array(1001).fill(index.manifests[0]) }],
    ["a platform that is none", { ...index, manifests: [{ ...index.manifests[0], platform: { os: 1 } }] }],
    ["annotations that are none", { ...manifest, annotations: { a: 1 } }],
  ])("refuses %s", (_, document, type) => {
    const bytes = document instanceof Uint8Array ? document : encode(document);
    expect(() => parseManifestOrIndex(bytes, type)).toThrow(expect.objectContaining({ name: "InvalidParameter" }));
  });
  test("refuses a manifest over the limit", () => {
    const padded = { ...manifest, annotations: { a: "x".repeat(4 * 1024 * 1024) } };
    expect(() => parseManifestOrIndex(encode(padded))).toThrow("too large");
  });
});

describe("parseImageConfig()", () => {
  test("keeps what a container needs", () => {
    const parsed = parseImageConfig(
      encode({
        os: "linux",
        architecture: "386",
        created: "2026-01-02T03:04:05Z",
        config: {
          Env: ["A=b"],
          Cmd: ["sh"],
          Entrypoint: null,
          ExposedPorts: { "80/tcp": {} },
          Labels: { __proto__x: "y" },
        },
        rootfs: { type: "layers", diff_ids: [digest] },
        history: [{ created_by: "x", empty_layer: true }],
      }),
    );
    expect(parsed).toEqual({
      platform: { os: "linux", architecture: "386" },
      created: "2026-01-02T03:04:05Z",
      config: { env: ["A=b"], cmd: ["sh"], exposedPorts: ["80/tcp"], labels: { __proto__x: "y" } },
      diffIds: [digest],
      history: [{ createdBy: "x", emptyLayer: true }],
    });
  });
  test.each([
    ["no rootfs", {}],
    ["another rootfs", { rootfs: { type: "folders" } }],
    ["a bad diff-id", { rootfs: { type: "layers", diff_ids: ["sha256:x"] } }],
    ["too many diff-ids", { rootfs: { type: "layers", diff_ids: Array(126).fill(digest) } }],
    ["Env of numbers", { rootfs: { type: "layers" }, config: { Env: [1] } }],
    ["Cmd as text", { rootfs: { type: "layers" }, config: { Cmd: "sh" } }],
  ])("refuses %s", (_, document) => {
    expect(() => parseImageConfig(encode(document))).toThrow(expect.objectContaining({ name: "InvalidParameter" }));
  });
});

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
