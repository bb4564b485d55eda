import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createNodeSha256 } from "../archive/sha256.node.ts";
import { createSha256, sha256 } from "../archive/sha256.ts";
import { writeTar } from "../archive/tar/tar-writer.ts";
import { MemoryFiles } from "../content/memory.ts";
import type { Digest } from "../oci/digest.ts";
import { chainIds } from "./chain-id.ts";
import { LayerImages, layerName } from "./layer-images.ts";

async function archive(text = "content"): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar([[{ name: "file" }, Buffer.from(text)], [{ name: "empty" }]])) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function streamOf(bytes: Uint8Array, size = 100): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(Uint8Array.from(bytes.subarray(at, at + size)));
      at += size;
    },
  });
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: (value: T) => resolve(value) };
}

async function setUp() {
  const tar = await archive();
  const files = new MemoryFiles();
  return { tar, blob: gzipSync(tar), diffId: await sha256(tar), files, layers: new LayerImages({ files }) };
}

describe("LayerImages", () => {
  it("ensure() makes an image once and knows it afterwards", async () => {
    const { blob, diffId, files, layers } = await setUp();
    let opened = 0;
    const progress: number[] = [];
    const open = async () => {
      opened++;
      return streamOf(blob);
    };
    const info = await layers.ensure({ diffId, open, onProgress: (done) => progress.push(done) });
    expect(info).toMatchObject({ diffId, contentSize: 7 });
    expect(progress.at(-1)).toBe(blob.length);
    expect(await layers.ensure({ diffId, open })).toEqual(info);
    expect(await new LayerImages({ files }).info(diffId)).toEqual(info);
    expect(opened).toBe(1);
    expect(await layers.list()).toEqual([diffId]);
    const file = await layers.open(diffId);
    expect(file.size).toBe(info.imageSize);
  });

  it("ensure() makes an image anew that was cut off on the disk", async () => {
    const { files, blob, diffId, layers } = await setUp();
    const open = async () => streamOf(blob);
    const info = await layers.ensure({ diffId, open });
    const [image] = await files.list("layers/");
    const file = await files.open(image?.name ?? "");
    const whole = (await file?.readAt(0, info.imageSize)) ?? new Uint8Array(0);
    const writer = await files.create(image?.name ?? "");
    await writer.write(whole.subarray(0, whole.length - 4096));
    await writer.commit();
    expect(await layers.info(diffId)).toBeUndefined();
    expect(await layers.ensure({ diffId, open })).toEqual(info);
    const again = await layers.open(diffId);
    expect(Buffer.from(await again.readAt(0, again.size))).toEqual(Buffer.from(whole));
  });

  it("ensure() takes a blob of several gzip members, whichever decoder the environment has", async () => {
    const { tar, diffId, layers } = await setUp();
    const blob = Buffer.concat([gzipSync(tar.subarray(0, 300)), gzipSync(tar.subarray(300)), Buffer.alloc(100)]);
    expect(await layers.ensure({ diffId, open: async () => streamOf(blob) })).toMatchObject({ contentSize: 7 });
  });

  it("ensure() shares the work of callers who want the same layer", async () => {
    const { blob, diffId, layers } = await setUp();
    let opened = 0;
    const open = async () => {
      opened++;
      return streamOf(blob, 5);
    };
    const infos = await Promise.all([1, 2, 3].map(() => layers.ensure({ diffId, open })));
    expect(opened).toBe(1);
    expect(new Set(infos.map((info) => info.imageSize)).size).toBe(1);
  });

  it("ensure() goes on for the others when one caller aborts, and stops with the last", async () => {
    const { blob, diffId, layers, files } = await setUp();
    const [first, second] = [new AbortController(), new AbortController()];
    const gate = deferred<void>();
    const opened = deferred<AbortSignal>();
    const open = async (signal: AbortSignal) => {
      opened.resolve(signal);
      await gate.promise;
      return streamOf(blob);
    };
    const one = layers.ensure({ diffId, open, signal: first.signal });
    const two = layers.ensure({ diffId, open, signal: second.signal });
    const work = await opened.promise;
    first.abort(new Error("first"));
    await expect(one).rejects.toThrow("first");
    expect(work.aborted).toBe(false);
    second.abort(new Error("second"));
    await expect.poll(() => work.aborted).toBe(true);
    gate.resolve();
    await expect(two).rejects.toThrow("second");
    expect(await files.list("")).toEqual([]);
    expect(await layers.ensure({ diffId, open: async () => streamOf(blob) })).toMatchObject({ diffId });
  });

  it.each([
    ["another layer's blob", async () => gzipSync(await archive("other")), "layer verification failed"],
    ["a truncated blob", async () => gzipSync(await archive()).subarray(0, 90), "unexpected EOF"],
    ["a truncated archive", async () => (await archive()).subarray(0, 700), "unexpected EOF"],
    ["bytes that are no archive", async () => Buffer.from("x".repeat(2000)), "invalid tar header"],
    [
      "bytes behind the archive",
      async () => Buffer.concat([await archive(), Buffer.from("more")]),
      "verification failed",
    ],
  ])("ensure() refuses %s and leaves nothing", async (_what, blob, error) => {
    const { diffId, files, layers } = await setUp();
    const bytes = await blob();
    await expect(layers.ensure({ diffId, open: async () => streamOf(bytes) })).rejects.toMatchObject({
      name: "InvalidParameter",
      message: expect.stringContaining(error),
    });
    expect(await files.list("")).toEqual([]);
    expect(await layers.info(diffId)).toBeUndefined();
  });

  it("ensure() bounds what a blob may become", async () => {
    const { blob, diffId, layers } = await setUp();
    await expect(layers.ensure({ diffId, open: async () => streamOf(blob), maxBytes: 1000 })).rejects.toThrow(
      "too large",
    );
  });

  it("ensure() reports a full disk and leaves nothing", async () => {
    const { blob, diffId } = await setUp();
    const files = new MemoryFiles({ capacity: 4000 });
    const layers = new LayerImages({ files });
    await expect(layers.ensure({ diffId, open: async () => streamOf(blob) })).rejects.toThrow(
      "no space left on device",
    );
    expect(await files.list("")).toEqual([]);
  });

  it("sweep() removes images of another version, and remove() an image", async () => {
    const { blob, diffId, files, layers } = await setUp();
    await layers.ensure({ diffId, open: async () => streamOf(blob) });
    const old = await files.create(`layers/${"0".repeat(64)}.v0.erofs`);
    await old.commit();
    await layers.sweep();
    expect((await files.list("")).map(({ name }) => name)).toEqual([`layers/${layerName(diffId)}`]);
    await layers.remove(diffId);
    await expect(layers.open(diffId)).rejects.toMatchObject({ name: "NotFound" });
  });

  it("ensure() makes an image anew that does not explain itself", async () => {
    const { blob, diffId, files, layers } = await setUp();
    const damaged = await files.create(`layers/${layerName(diffId)}`);
    await damaged.write(new Uint8Array(5000));
    await damaged.commit();
    expect(await layers.ensure({ diffId, open: async () => streamOf(blob) })).toMatchObject({ contentSize: 7 });
  });

  it("ensure() makes an image anew that can't be read", async () => {
    const { blob, diffId, files, layers } = await setUp();
    await layers.ensure({ diffId, open: async () => streamOf(blob) });
    const readable = files.open.bind(files);
    files.open = async (name) => {
      const file = await readable(name);
      files.open = readable;
      return file && { ...file, readAt: () => Promise.reject(new Error("chunk 0 of a stored file is gone")) };
    };
    expect(await layers.ensure({ diffId, open: async () => streamOf(blob) })).toMatchObject({ contentSize: 7 });
    expect(await layers.info(diffId)).toMatchObject({ contentSize: 7 });
  });
});

describe("sha256", () => {
  it.each([
    ["WebAssembly", createSha256],
    ["OpenSSL", createNodeSha256],
  ])("createSha256() of %s gives the standard's answers", async (_name, create) => {
    expect(await sha256(Buffer.from("abc"), create)).toBe(
      "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    const [a, b] = [await create(), await create()];
    a.update(Buffer.from("a"));
    b.update(Buffer.from("ab"));
    a.update(Buffer.from("b"));
    expect(a.digest()).toBe(b.digest());
  });
});

it("chainIds() hashes each layer upon those below", async () => {
  const diffIds: Digest[] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`, `sha256:${"b".repeat(64)}`];
  const second = await sha256(new TextEncoder().encode(`${diffIds[0]} ${diffIds[1]}`));
  const third = await sha256(new TextEncoder().encode(`${second} ${diffIds[2]}`));
  expect(await chainIds(diffIds)).toEqual([diffIds[0], second, third]);
});
