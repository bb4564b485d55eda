import { describe, expect, test } from "vitest";
import type { Digest } from "./digest.ts";
import { parseManifestOrIndex } from "./manifest.ts";
import { mediaTypes } from "./media-types.ts";

const hex = "0123456789abcdef".repeat(4);
const digest: Digest = `sha256:${hex}`;
const encode = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

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
  test.each(["", "application/octet-stream"])("takes config and layers whose type nobody said (%j)", (mediaType) => {
    const unsaid = { ...manifest, config: { ...manifest.config, mediaType }, layers: [{ ...layer, mediaType }] };
    expect(parseManifestOrIndex(encode(unsaid))).toMatchObject({ kind: "manifest", layers: [{ mediaType }] });
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
