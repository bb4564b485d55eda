import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** An image in memory, ready to be served or pushed. Blobs include the config; `manifest` is what a tag names. */
export interface TestImage {
  readonly manifest: TestBlob;
  readonly config: TestBlob;
  readonly layers: readonly TestBlob[];
  readonly diffIds: readonly string[];
}

export interface TestBlob {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface TestImageOptions {
  /** Each layer: path to contents; a trailing slash makes a folder. Lowest first. */
  readonly layers: readonly TestLayer[];
  readonly architecture?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  /** More fields of the image config, such as `created` and `history`. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly types?: "docker" | "oci";
  readonly compression?: "gzip" | "none";
}

type TestLayer = Readonly<Record<string, string | Uint8Array>> | { readonly tar: Uint8Array };

const names = {
  docker: {
    manifest: "application/vnd.docker.distribution.manifest.v2+json",
    index: "application/vnd.docker.distribution.manifest.list.v2+json",
    config: "application/vnd.docker.container.image.v1+json",
    gzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    none: "application/vnd.docker.image.rootfs.diff.tar",
  },
  oci: {
    manifest: "application/vnd.oci.image.manifest.v1+json",
    index: "application/vnd.oci.image.index.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
    none: "application/vnd.oci.image.layer.v1.tar",
  },
} as const;

/** An image whose layers are compressed already: each with its media type, its bytes and the digest of its archive. */
export function buildImageOf(
  layers: readonly { readonly blob: TestBlob; readonly diffId: string }[],
  config: Readonly<Record<string, unknown>> = {},
): TestImage {
  const image = buildImage({ layers: [], types: "oci", config, fields: { rootfs: rootfs(layers), history: [] } });
  const manifest = json(names.oci.manifest, {
    schemaVersion: 2,
    mediaType: names.oci.manifest,
    config: descriptor(image.config),
    layers: layers.map((layer) => descriptor(layer.blob)),
  });
  return { ...image, manifest, layers: layers.map((layer) => layer.blob), diffIds: layers.map(({ diffId }) => diffId) };
}

function rootfs(layers: readonly { readonly diffId: string }[]) {
  return { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) };
}

/** Builds an image of linux/386, unless another architecture is asked for. The same options give the same digests. */
export function buildImage(options: TestImageOptions): TestImage {
  const types = names[options.types ?? "docker"];
  const compression = options.compression ?? "gzip";
  const tars = options.layers.map((layer) =>
    "tar" in layer && layer.tar instanceof Uint8Array ? layer.tar : tarOf(layer),
  );
  const layers = tars.map((tar) => blob(types[compression], compression === "gzip" ? gzipSync(tar) : tar));
  const diffIds = tars.map(digestOf);
  const config = json(types.config, {
    created: "2026-01-02T03:04:05Z",
    architecture: options.architecture ?? "386",
    os: "linux",
    config: options.config ?? {},
    rootfs: { type: "layers", diff_ids: diffIds },
    history: layers.map((_, index) => ({ created: "2026-01-02T03:04:05Z", created_by: `step ${index}` })),
    ...options.fields,
  });
  const manifest = json(types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptor(config),
    layers: layers.map(descriptor),
  });
  return { manifest, config, layers, diffIds };
}

/** An index over images, each with its platform as `linux/386` or `linux/arm/v7`. */
export function buildIndex(
  images: readonly (readonly [platform: string, image: TestImage])[],
  types: "docker" | "oci" = "oci",
): TestBlob {
  return json(names[types].index, {
    schemaVersion: 2,
    mediaType: names[types].index,
    manifests: images.map(([platform, image]) => {
      const [os, architecture, variant] = platform.split("/");
      return { ...descriptor(image.manifest), platform: { os, architecture, ...(variant ? { variant } : {}) } };
    }),
  });
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function blob(mediaType: string, bytes: Uint8Array): TestBlob {
  return { digest: digestOf(bytes), mediaType, bytes };
}

function json(mediaType: string, value: unknown): TestBlob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

export function descriptor({ mediaType, digest, bytes }: TestBlob) {
  return { mediaType, digest, size: bytes.length };
}

/** A ustar archive. Names are at most 100 bytes. */
export function tarOf(files: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  return tarOfEntries(Object.entries(files).map(([name, contents]) => ({ name, contents })));
}

/** What one entry of an archive says; a file, or a folder where the name ends with a slash, unless `type` says otherwise. */
export interface TestTarEntry {
  readonly name: string;
  readonly contents?: string | Uint8Array;
  /** The type flag of ustar: 1 hard link, 2 symlink, 3 character device, 4 block device (both 1:1, which is /dev/mem), 6 fifo. */
  readonly type?: string;
  readonly link?: string;
}

export function tarOfEntries(entries: readonly TestTarEntry[]): Uint8Array {
  const parts = entries.flatMap((entry) => {
    const bytes = Buffer.from(entry.contents ?? "");
    return [tarHeader(entry, bytes.length), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function tarHeader({ name, type, link }: TestTarEntry, size: number): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, "0")}\0`;
  header.write(name, 0, 100);
  header.write(octal(name.endsWith("/") ? 0o755 : 0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(1_700_000_000, 12), 136);
  header.write("        ", 148);
  header.write(type ?? (name.endsWith("/") ? "5" : "0"), 156);
  header.write(link ?? "", 157, 100);
  header.write("ustar\0" + "00", 257);
  if (type === "3" || type === "4") header.write(`${octal(1, 8)}${octal(1, 8)}`, 329);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
