import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createSha256 } from "../archive/sha256.ts";
import type { Digest } from "../oci/digest.ts";
import { FileContentStore } from "./content-store.ts";
import { MemoryFiles } from "./memory.ts";

const bytes = new TextEncoder().encode("hello");
const digest: Digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const missing: Digest = `sha256:${"0".repeat(64)}`;

function setUp(capacity?: number) {
  const files = new MemoryFiles(capacity === undefined ? {} : { capacity });
  return { files, store: new FileContentStore({ files, createSha256 }) };
}

async function put(store: FileContentStore, expected: { digest: Digest; size?: number }, ...pieces: Uint8Array[]) {
  const ingest = await store.ingest(expected);
  for (const piece of pieces) await ingest.write(piece);
  return ingest.commit();
}

describe("FileContentStore", () => {
  test("shows a blob only when it was committed", async () => {
    const { store } = setUp();
    const ingest = await store.ingest({ digest, size: 5 });
    await ingest.write(bytes.subarray(0, 2));
    expect(await store.info(digest)).toBeUndefined();
    await ingest.write(bytes.subarray(2));
    expect(await ingest.commit()).toEqual({ digest, size: 5 });
    expect(await store.info(digest)).toEqual({ digest, size: 5 });
    expect(await store.read(digest)).toEqual(bytes);
    expect(await store.list()).toEqual([{ digest, size: 5 }]);
  });

  test.each([
    ["a wrong digest", { digest: missing, size: 5 }, "unexpected digest"],
    ["too few bytes", { digest, size: 6 }, "expected 6 bytes, got 5"],
    ["too many bytes", { digest, size: 4 }, "more than the expected 4 bytes"],
    ["a wrong digest of unknown size", { digest: missing }, "unexpected digest"],
  ])("refuses %s and keeps nothing", async (_, expected, message) => {
    const { store, files } = setUp();
    await expect(put(store, expected, bytes)).rejects.toMatchObject({
      name: "InvalidParameter",
      message: expect.stringContaining(message),
    });
    expect(await files.list("")).toEqual([]);
  });

  test("open() and read() reject with NotFound", async () => {
    const { store } = setUp();
    await expect(store.open(missing)).rejects.toMatchObject({ name: "NotFound" });
    await expect(store.read(missing)).rejects.toMatchObject({ name: "NotFound" });
  });

  test("read() refuses more than its limit", async () => {
    const { store } = setUp();
    await put(store, { digest }, bytes);
    await expect(store.read(digest, 4)).rejects.toMatchObject({ name: "InvalidParameter" });
  });

  test("remove() frees the blob", async () => {
    const { store, files } = setUp();
    await put(store, { digest }, bytes);
    await store.remove(digest);
    expect(await store.list()).toEqual([]);
    expect(await files.list("")).toEqual([]);
  });

  test("abort() gives the space back", async () => {
    const { store } = setUp(5);
    const ingest = await store.ingest({ digest });
    await ingest.write(bytes);
    await ingest.abort();
    await put(store, { digest }, bytes);
  });
});
