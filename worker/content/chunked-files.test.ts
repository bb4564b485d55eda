import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chunkedFilesCases, pattern } from "./chunked-files.suite.ts";
import { FsFiles } from "./fs.node.ts";
import { MemoryFiles } from "./memory.ts";

describe("MemoryFiles", () => {
  test.each(chunkedFilesCases.filter(({ lasting }) => !lasting))("$name", ({ run }) =>
    run({ files: new MemoryFiles() }),
  );

  test("write() rejects when the store is full, and abort() gives the space back", async () => {
    const files = new MemoryFiles({ capacity: 100 });
    const writer = await files.create("a");
    await writer.write(pattern(60));
    await expect(writer.write(pattern(60))).rejects.toMatchObject({
      name: "System",
      message: "no space left on device",
    });
    await writer.abort();
    const second = await files.create("b");
    await second.write(pattern(100));
    await second.commit();
    await files.remove("b");
    await (await files.create("c")).write(pattern(100));
  });
});

describe("FsFiles", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "wherry-files-"));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  test.each(chunkedFilesCases)("$name", async ({ run }) => {
    await run({ files: await FsFiles.open(root), reopen: () => FsFiles.open(root) });
  });

  test("sweep() removes what a dead writer left", async () => {
    const files = await FsFiles.open(root);
    const half = await files.create("half");
    await half.write(pattern(5_000_000));
    expect(await readdir(join(root, "tmp"))).toHaveLength(1);
    await (await FsFiles.open(root)).sweep();
    expect(await readdir(join(root, "tmp"))).toEqual([]);
    await half.abort();
  });

  test("the storage folder is closed to other users", async () => {
    await FsFiles.open(join(root, "new"));
    expect(execFileSync("stat", ["-c", "%a", join(root, "new/files")], { encoding: "utf8" }).trim()).toBe("700");
  });

  test.skipIf(process.getuid?.() !== 0)("a disk that takes no more files is full", async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "nr_inodes=2", "tmpfs", root]);
    try {
      const full = { name: "System", message: "no space left on device" };
      await expect(FsFiles.open(join(root, "new"))).rejects.toMatchObject(full);
    } finally {
      execFileSync("umount", [root]);
    }
  });

  test.skipIf(process.getuid?.() !== 0)("a full disk is a System error, and leaves nothing half-written", async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", root]);
    try {
      const files = await FsFiles.open(root);
      await writeFile(join(root, "ballast"), pattern(1_000_000));
      const writer = await files.create("a");
      const full = { name: "System", message: "no space left on device" };
      await expect(
        (async () => {
          for (let piece = 0; piece < 8; piece += 1) await writer.write(pattern(500_000));
          await writer.commit();
        })(),
      ).rejects.toMatchObject(full);
      await writer.abort();
      expect(await files.list("")).toEqual([]);
      expect(await readdir(join(root, "tmp"))).toEqual([]);
    } finally {
      execFileSync("umount", [root]);
    }
  });
});
