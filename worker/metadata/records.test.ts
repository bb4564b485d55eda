import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockDataRoot } from "./data-root-lock.node.ts";
import { FsRecords } from "./fs.node.ts";
import { MemoryRecords } from "./memory.ts";
import { recordsCases } from "./records.suite.ts";

let root: string;
let path: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "wherry-records-"));
  path = join(root, "records");
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe("MemoryRecords", () => {
  test.each(recordsCases.filter(({ lasting }) => !lasting))("$name", ({ run }) =>
    run({ records: new MemoryRecords() }),
  );
});

describe("FsRecords", () => {
  test.each(recordsCases)("$name", async ({ run }) => {
    const records = await FsRecords.open(path);
    await run({ records, reopen: () => FsRecords.open(path) });
    await records.close();
  });

  test.each(recordsCases)("while compacting all the time: $name", async ({ run }) => {
    const open = () => FsRecords.open(path, { compactFloor: 0 });
    const records = await open();
    await run({ records, reopen: open });
    await records.close();
  });

  test("open() drops a last line that was torn at any byte, and goes on after it", async () => {
    const records = await FsRecords.open(path);
    await records.apply([{ key: "a/1", value: 1 }]);
    const kept = (await stat(path)).size;
    await records.apply([
      { key: "a/2", value: "two" },
      { key: "a/3", value: "three" },
    ]);
    await records.close();
    const whole = await readFile(path);
    for (let size = kept; size < whole.length; size += 1) {
      await writeFile(path, whole.subarray(0, size));
      const again = await FsRecords.open(path);
      expect(await again.list("")).toEqual([["a/1", 1]]);
      await again.apply([{ key: "a/4", value: 4 }]);
      await again.close();
      const third = await FsRecords.open(path);
      expect((await third.list("")).map(([key]) => key)).toEqual(["a/1", "a/4"]);
      await third.close();
    }
  });

  test("open() refuses a journal that is damaged before its end", async () => {
    const records = await FsRecords.open(path);
    for (const id of ["1", "2", "3"]) await records.apply([{ key: `a/${id}`, value: id }]);
    await records.close();
    const bytes = await readFile(path);
    bytes.writeUInt8(0x40, 20);
    await writeFile(path, bytes);
    await expect(FsRecords.open(path)).rejects.toMatchObject({
      name: "System",
      message: expect.stringContaining("damaged"),
    });
    expect(await readFile(path)).toEqual(bytes);
  });

  test.each([
    ["emptied", () => Buffer.alloc(0)],
    ["filled with zeros", (bytes: Buffer) => Buffer.alloc(bytes.length)],
    ["overwritten", (bytes: Buffer) => Buffer.alloc(bytes.length, "no line of it is good\n")],
  ])("open() refuses a journal that was %s, and leaves it as it is", async (_, damage) => {
    const records = await FsRecords.open(path, { compactFloor: 0 });
    for (const id of ["1", "2", "3"]) await records.apply([{ key: `a/${id}`, value: id }]);
    for (let round = 0; round < 20; round += 1) await records.apply([{ key: "a/1", value: undefined }]);
    await records.close();
    const damaged = damage(await readFile(path));
    await writeFile(path, damaged);
    await expect(FsRecords.open(path)).rejects.toMatchObject({
      message: `${path} is damaged: it does not begin as a journal does`,
    });
    expect(await readFile(path)).toEqual(damaged);
  });

  test("a journal of which nothing lives is still one", async () => {
    const records = await FsRecords.open(path, { compactFloor: 0 });
    for (let round = 0; round < 20; round += 1) await records.apply([{ key: "a/1", value: undefined }]);
    await records.close();
    await (await FsRecords.open(path)).close();
    await (await FsRecords.open(path)).close();
  });

  test("open() ignores a rewritten journal that was not put in place", async () => {
    const records = await FsRecords.open(path);
    await records.apply([{ key: "a/1", value: 1 }]);
    await records.close();
    await appendFile(join(root, "records.tmp"), "half a rewri");
    const again = await FsRecords.open(path);
    expect(await again.list("")).toEqual([["a/1", 1]]);
    await again.close();
  });

  test("the journal stays small when one record changes often", async () => {
    const records = await FsRecords.open(path, { compactFloor: 4096 });
    for (let count = 0; count < 300; count += 1)
      await records.apply([{ key: "a/1", value: { count, pad: "x".repeat(200) } }]);
    expect((await stat(path)).size).toBeLessThan(8192);
    await records.close();
    const again = await FsRecords.open(path);
    expect(await again.get("a/1")).toMatchObject({ count: 299 });
    await again.close();
  });

  test("apply() after close() is refused", async () => {
    const records = await FsRecords.open(path);
    await records.close();
    await expect(records.apply([{ key: "a/1", value: 1 }])).rejects.toMatchObject({ name: "System" });
  });

  test.skipIf(process.getuid?.() !== 0)(
    "a full disk refuses the change, loses none, and takes more once there is space",
    async () => {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", root]);
      try {
        const records = await FsRecords.open(path);
        await records.apply([{ key: "a/1", value: "kept" }]);
        await writeFile(join(root, "ballast"), Buffer.alloc(40_000));
        const large = "x".repeat(50_000);
        await expect(records.apply([{ key: "a/2", value: large }])).rejects.toMatchObject({
          message: "no space left on device",
        });
        expect(await records.list("")).toEqual([["a/1", "kept"]]);
        await truncate(join(root, "ballast"), 0);
        await records.apply([{ key: "a/3", value: "after" }]);
        await records.close();
        const again = await FsRecords.open(path);
        expect(await again.list("")).toEqual([
          ["a/1", "kept"],
          ["a/3", "after"],
        ]);
        await again.close();
      } finally {
        execFileSync("umount", [root]);
      }
    },
  );
});

test.skipIf(process.getuid?.() !== 0)(
  "on a disk without any room what is there can be removed, and is gone",
  async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", root]);
    try {
      let records = await FsRecords.open(path);
      // Just short of a page: the first line that does not fit is the next one.
      for (let id = 0; id < 30; id += 1) await records.apply([{ key: `a/${id}`, value: "x".repeat(100) }]);
      const fill = (size: number) => {
        try {
          for (let count = 0; ; count += 1) writeFileSync(join(root, `ballast-${size}-${count}`), Buffer.alloc(size));
        } catch {
          // Full.
        }
      };
      fill(200_000);
      fill(4096);
      const create = (id: number) => records.apply([{ key: `b/${id}`, value: "y".repeat(1000) }]);
      const full = (async () => {
        for (let id = 0; ; id += 1) await create(id);
      })();
      await expect(full).rejects.toMatchObject({ message: "no space left on device" });
      await records.close();
      // The next engine finds what this one has set aside.
      records = await FsRecords.open(path);
      for (let id = 0; id < 30; id += 1) await records.apply([{ key: `a/${id}`, value: undefined }]);
      // What was given up is for removing alone.
      fill(4096);
      await expect(records.apply([{ key: "b/x", value: "y".repeat(8000) }])).rejects.toMatchObject({ name: "System" });
      for (const name of await readdir(root)) if (name.startsWith("ballast")) await rm(join(root, name));
      await records.apply([{ key: "c/1", value: 1 }]);
      await records.close();
      expect((await stat(join(root, "records.reserve"))).size).toBe(65_536);
      const again = await FsRecords.open(path);
      expect(await again.list("a/")).toEqual([]);
      expect(await again.list("c/")).toEqual([["c/1", 1]]);
      await again.close();
    } finally {
      execFileSync("umount", [root]);
    }
  },
);

/** Runs a script over one of our modules in a process of its own, and kills it at the given moment of what it prints. */
async function runUntil(
  file: string,
  script: string,
  stop: (line: string) => boolean | Promise<boolean>,
): Promise<readonly string[]> {
  const load = `import { runnerImport } from "vite"; const { module } = await runnerImport(${JSON.stringify(join(import.meta.dirname, file))});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", load + script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (await stop(line)) child.kill("SIGKILL");
  }
  return lines;
}

describe("FsRecords when the process is killed", () => {
  // Each apply writes a pair: the two must never be told apart afterwards. The tiny floor has it compact all the time.
  const writer = (from: number) => `
    const records = await module.FsRecords.open(${JSON.stringify(path)}, { compactFloor: 2000 });
    for (let count = ${from}; ; count += 1) {
      const value = { count, pad: "x".repeat(count % 300) };
      await records.apply([{ key: "left/" + (count % 7), value }, { key: "right/" + (count % 7), value }]);
      console.log(count);
    }`;

  test("nothing acknowledged is lost, nothing is half visible", { timeout: 60_000 }, async () => {
    let next = 0;
    for (let round = 0; round < 8; round += 1) {
      const last = next + 20 + round * 37;
      const lines = await runUntil("fs.node.ts", writer(next), (line) => Number(line) >= last);
      const acknowledged = Number(lines.at(-1));
      const records = await FsRecords.open(path);
      const [left, right] = [await records.list("left/"), await records.list("right/")];
      await records.close();
      expect(right.map(([, value]) => value)).toEqual(left.map(([, value]) => value));
      const counts = left.map(([, value]) => (value as { count: number }).count).sort((a, b) => a - b);
      const newest = counts.at(-1) ?? -1;
      expect(newest).toBeGreaterThanOrEqual(acknowledged);
      expect(counts).toEqual(Array.from({ length: 7 }, (_, index) => newest - 6 + index));
      next = newest + 1;
    }
  });
});

describe("lockDataRoot()", () => {
  test("refuses a second holder by name, until the first lets go", async () => {
    const lock = await lockDataRoot(root);
    await expect(lockDataRoot(root)).rejects.toMatchObject({
      name: "Conflict",
      message: `failed to start daemon: the data root ${root} is in use: process with PID ${process.pid} is still running`,
    });
    await lock.release();
    await (await lockDataRoot(root)).release();
  });

  test("says which folder it is that can't be used", async () => {
    await writeFile(path, "a file");
    const refusal = (reason: string) => ({
      name: "System",
      message: expect.stringMatching(new RegExp(`^cannot use the data root ${path}: ${reason}`)),
    });
    await expect(lockDataRoot(path)).rejects.toMatchObject(refusal("EEXIST"));
    await rm(path);
    await symlink("/nowhere/at/all", path);
    await expect(lockDataRoot(path)).rejects.toMatchObject(refusal("ENOENT"));
    await rm(path);
    await mkdir(join(path, "wherry.pid"), { recursive: true });
    await expect(lockDataRoot(path)).rejects.toMatchObject(refusal("EISDIR"));
  });

  test("gives up where no folder can be made, however deep", async () => {
    const below = "/proc/nothing/at/all";
    const message = expect.stringMatching(`^cannot use the data root ${below}: ENOENT`);
    await expect(lockDataRoot(below)).rejects.toMatchObject({ name: "System", message });
    const deep = join(root, "a/b/c");
    await (await lockDataRoot(deep)).release();
    expect((await stat(deep)).mode & 0o777).toBe(0o710);
  });

  test("sees through symlinks, and is free again when its holder was killed", { timeout: 30_000 }, async () => {
    execFileSync("ln", ["-s", root, `${root}.link`]);
    const script = `
      await module.lockDataRoot(${JSON.stringify(`${root}.link`)});
      console.log("locked");
      setInterval(() => {}, 1000);`;
    await runUntil("data-root-lock.node.ts", script, async () => {
      await expect(lockDataRoot(root)).rejects.toMatchObject({ name: "Conflict" });
      return true;
    });
    await rm(`${root}.link`);
    await (await lockDataRoot(root)).release();
  });
});
