import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  allOf,
  base,
  boot,
  type Disk,
  type ImageEngine,
  newDisk,
  nothing,
  one,
  openImages,
  two,
} from "../../test/support/images.node.ts";
import { blob, buildImage, type TestImage, tarOf } from "../../test/support/registry.node.ts";
import { fail, type RegistryDouble } from "../../test/support/registry-double.node.ts";
import type { Digest } from "../oci/digest.ts";

let registry: RegistryDouble;
let disk: Disk;
let engine: ImageEngine;
beforeEach(async () => {
  ({ registry, disk, engine } = await openImages());
});
afterEach(() => registry.stop());

const named = (name: string) => `${registry.host}/${name}`;

/** An archive with one file of 200 MB of zeros, in 7 KB: blocks that repeat one byte, written by hand. */
function zstdBomb(): Uint8Array {
  const start = Buffer.from(tarOf({ zeros: "" }).subarray(0, 512));
  start.write(`${(200_000_000).toString(8).padStart(11, "0")}\0        `, 124);
  start.write("        ", 148);
  const sum = start.reduce((total, byte) => total + byte, 0);
  start.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const header = (type: number, size: number) => {
    const bytes = Buffer.alloc(3);
    bytes.writeUIntLE((size << 3) | (type << 1), 0, 3);
    return bytes;
  };
  const zeros = Buffer.concat([header(1, 128 * 1024), Buffer.alloc(1)]);
  return Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]),
    header(0, 512),
    start,
    ...Array.from({ length: 1600 }, () => zeros),
  ]);
}

describe("pull() that fails", () => {
  test("a config that cannot be had is told as such", async () => {
    registry.answer = (request, response) =>
      request.url?.endsWith(one.config.digest) === true && fail(response, 404, "BLOB_UNKNOWN", "blob unknown");
    await expect(engine.pull(named("one"))).rejects.toThrow(
      "error pulling image configuration: download failed after attempts=1: unknown blob",
    );
    expect(await engine.stored()).toEqual(nothing);
  });

  const bad: [string, () => TestImage, string][] = [
    [
      "a layer that is not what its diff-id says",
      () => ({
        ...buildImage({
          layers: [base],
          fields: { rootfs: { type: "layers", diff_ids: [`sha256:${"1".repeat(64)}`] } },
        }),
      }),
      "layers from manifest don't match image configuration",
    ],
    [
      "fewer layers than its config says",
      () => buildImage({ layers: [base], fields: { rootfs: { type: "layers", diff_ids: one.diffIds } } }),
      "layers from manifest don't match image configuration",
    ],
    [
      "a history of more layers than there are",
      () => buildImage({ layers: [base], fields: { history: [{ created_by: "a" }, { created_by: "b" }] } }),
      "too many non-empty layers in History section",
    ],
    [
      "a layer that is no archive",
      () => buildImage({ layers: [{ tar: new Uint8Array(5000).fill(7) }] }),
      "failed to register layer",
    ],
    [
      "a layer that climbs out",
      () => buildImage({ layers: [{ "../../etc/passwd": "x" }] }),
      "failed to register layer",
    ],
    [
      "a truncated archive",
      () => buildImage({ layers: [{ tar: tarOf({ file: "x".repeat(9000) }).slice(0, 3000) }] }),
      "failed to register layer",
    ],
  ];
  test.each(bad)("%s is refused, and leaves nothing behind", async (_, image, message) => {
    registry.add("bad:latest", image());
    await expect(engine.pull(named("bad"))).rejects.toMatchObject({ message: expect.stringContaining(message) });
    expect(await engine.stored()).toEqual(nothing);
  });

  test("a decompression bomb is refused, and leaves nothing behind", async () => {
    const image = buildImage({ layers: [{ tar: zstdBomb() }], types: "oci", compression: "none" });
    const bomb = blob("application/vnd.oci.image.layer.v1.tar+zstd", zstdBomb());
    const manifest = JSON.parse(Buffer.from(image.manifest.bytes).toString());
    manifest.layers = [{ mediaType: bomb.mediaType, digest: bomb.digest, size: bomb.bytes.length }];
    registry.add("bomb:latest", {
      ...image,
      layers: [bomb],
      manifest: blob(image.manifest.mediaType, Buffer.from(JSON.stringify(manifest))),
    });
    await expect(engine.pull(named("bomb"))).rejects.toThrow(/failed to register layer: .*(larger|more than|bytes)/);
    expect(await engine.stored()).toEqual(nothing);
  });

  test("a pull that fails in the middle keeps what other images have, and nothing of its own", async () => {
    await engine.pull(named("one"));
    const before = await engine.stored();
    registry.answer = (request, response) =>
      request.url?.includes(two.layers[1]?.digest ?? "") === true && fail(response, 404, "BLOB_UNKNOWN", "x");
    await expect(engine.pull(named("two"))).rejects.toThrow();
    expect(await engine.stored()).toEqual(before);
  });

  test("a pull that its caller gives up leaves nothing behind", async () => {
    const controller = new AbortController();
    registry.answer = (request) => {
      if (!request.url?.includes(one.layers[1]?.digest ?? "")) return false;
      controller.abort(new Error("gone"));
      return true;
    };
    await expect(engine.pull(named("one"), { signal: controller.signal })).rejects.toThrow("gone");
    expect(await engine.stored()).toEqual(nothing);
  });

  test("a full disk is told, and leaves nothing behind", async () => {
    const small = await boot(newDisk(3000));
    await expect(small.pull(named("one"))).rejects.toMatchObject({
      name: "System",
      message: "failed to register layer: no space left on device",
    });
    expect(await small.stored()).toEqual(nothing);
  });

  test("what a killed engine was pulling is freed at the next start", async () => {
    await engine.pull(named("one"));
    const before = await engine.stored();
    registry.answer = (request) => request.url?.includes(two.layers[1]?.digest ?? "") === true;
    const pull = engine.pull(named("two"));
    pull.catch(() => undefined);
    while (!registry.requests.some((line) => line.includes(two.layers[1]?.digest ?? "")))
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await engine.stored()).blobs.length).toBeGreaterThan(before.blobs.length);
    const next = await boot(disk);
    expect(await next.stored()).toEqual(before);
    await expect(next.images.inspect(named("two"))).rejects.toMatchObject({ name: "NotFound" });
  });

  test("removing an image while another with its layers is being pulled harms neither", async () => {
    await engine.pull(named("one"));
    let removed: Promise<unknown> | undefined;
    registry.answer = (request) => {
      if (request.url?.includes(two.layers[1]?.digest ?? ""))
        removed ??= engine.images.remove(named("one"), { force: false, prune: true });
      return false;
    };
    await engine.pull(named("two"));
    await removed;
    const { blobs, layers } = await engine.stored();
    expect(blobs).toEqual(allOf(two));
    expect(layers).toEqual([...two.diffIds].sort());
  });
});

/** Changes one byte of a blob behind the engine's back. */
async function spoil(digest: string): Promise<void> {
  const name = `blobs/sha256/${digest.slice(7)}`;
  const file = await disk.files.open(name);
  const bytes = Uint8Array.from((await file?.readAt(0, file.size)) ?? []);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  const writer = await disk.files.create(name);
  await writer.write(bytes);
  await writer.commit();
}

describe("pull() over what the disk has spoilt", () => {
  test.each(["manifest", "config"] as const)("a %s that the disk has spoilt is brought again", async (which) => {
    await engine.pull(named("one"));
    await spoil(one[which].digest);
    const after = await boot(disk);
    if (which === "config")
      expect(await after.images.list({ all: true, filters: new Map(), sharedSize: false })).toEqual([]);
    registry.requests.length = 0;
    await after.pull(named("one"));
    expect(registry.requests.filter((line) => line.startsWith("GET"))).toHaveLength(1);
    expect((await after.images.inspect(named("one"))).Id).toBe(one.config.digest);
    expect(Buffer.from(await after.content.read(one[which].digest as Digest))).toEqual(Buffer.from(one[which].bytes));
  });

  test("a layer that the disk has spoilt is dropped where it is wanted, and brought again", async () => {
    await engine.pull(named("one"));
    const [diffId = ""] = one.diffIds;
    const [layer = one.config] = one.layers;
    await spoil(layer.digest);
    for (const { name } of await disk.files.list("layers/")) await disk.files.remove(name);
    const id = one.config.digest as Digest;
    await expect(engine.store.unpack(id)).rejects.toMatchObject({
      name: "NotFound",
      message: `layer ${layer.digest} was damaged on the disk: pull the image again`,
    });
    await engine.pull(named("one"));
    await engine.store.unpack(id);
    expect((await engine.stored()).layers).toContain(diffId);
  });
});
