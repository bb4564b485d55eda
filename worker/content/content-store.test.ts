import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createNodeSha256 } from "../archive/sha256.node.ts";
import { createSha256, sha256 } from "../archive/sha256.ts";
import { contentStoreCases } from "./content-store.suite.ts";
import { FileContentStore } from "./content-store.ts";
import { FsFiles } from "./fs.node.ts";
import { MemoryFiles } from "./memory.ts";

describe("FileContentStore in memory", () => {
  test.each(contentStoreCases.filter(({ lasting }) => !lasting))("$name", ({ run }) =>
    run({ store: new FileContentStore({ files: new MemoryFiles(), createSha256 }) }),
  );

  test("what is refused or given up leaves its space to others", async () => {
    const files = new MemoryFiles({ capacity: 5 });
    const store = new FileContentStore({ files, createSha256 });
    const bytes = new TextEncoder().encode("hello");
    const digest = await sha256(bytes);
    const aborted = await store.ingest({ digest });
    await aborted.write(bytes);
    await aborted.abort();
    const refused = await store.ingest({ digest: `sha256:${"0".repeat(64)}` });
    await refused.write(bytes);
    await expect(refused.commit()).rejects.toMatchObject({ name: "InvalidParameter" });
    const ingest = await store.ingest({ digest });
    await ingest.write(bytes);
    await ingest.commit();
    await store.remove(digest);
    expect(await files.list("")).toEqual([]);
  });
});

describe("FileContentStore in a folder", () => {
  test.each(contentStoreCases)("$name", async ({ run }) => {
    const root = await mkdtemp(join(tmpdir(), "wherry-content-"));
    const open = async () => new FileContentStore({ files: await FsFiles.open(root), createSha256: createNodeSha256 });
    try {
      await run({ store: await open(), reopen: open });
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});
