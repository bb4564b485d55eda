import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TarEntry } from "./entry.ts";
import { decodePath, encodePath } from "./path-text.ts";
import { TarReader } from "./tar-reader.ts";
import { type NewTarEntry, tarHeader, writeTar } from "./tar-writer.ts";

async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function archive(...entries: readonly (readonly [NewTarEntry, Uint8Array?])[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar(entries)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function readAll(bytes: Uint8Array, size?: number): Promise<(readonly [TarEntry, string])[]> {
  const reader = new TarReader(pieces(bytes, size));
  const found: (readonly [TarEntry, string])[] = [];
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    found.push([entry, Buffer.from(await reader.bytes(1 << 24)).toString("latin1")]);
  }
  return found;
}

/** Sets the checksum of a header that a test has changed. */
function seal(block: Buffer): Buffer {
  block.fill(" ", 148, 156);
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

const long = `${"long/".repeat(60)}name`;

describe("TarReader and tar writer", () => {
  const entries: readonly NewTarEntry[] = [
    { name: "plain", mode: 0o4755, uid: 12, gid: 34, mtime: { seconds: 1_700_000_000, nanoseconds: 0 } },
    { name: long, uid: 3_000_000_000, gid: 2_097_152 },
    { name: "größe/日本", mtime: { seconds: -2, nanoseconds: 750_000_000 } },
    { name: "frac", mtime: { seconds: 12, nanoseconds: 1 } },
    { name: "dir/", type: "directory", mode: 0o1777 },
    { name: "sym", type: "symlink", linkName: `/${long}` },
    { name: "hard", type: "link", linkName: "plain" },
    { name: "dev", type: "char", deviceMajor: 5, deviceMinor: 1 },
    { name: "disk", type: "block", deviceMajor: 259, deviceMinor: 70_000 },
    { name: "pipe", type: "fifo" },
    { name: "cap", xattrs: new Map([["security.capability", Uint8Array.of(0, 10, 255, 61, 0)]]) },
    { name: decodePath(Uint8Array.of(0x61, 0xff, 0x62)) },
  ];

  it("give back what was written, wherever the pieces break", async () => {
    const bytes = await archive(...entries.map((entry) => [entry] as const));
    for (const size of [1, 511, 512, 100_000]) {
      const found = (await readAll(bytes, size)).map(([entry]) => entry);
      expect(found.length).toBe(entries.length);
      for (const [index, entry] of entries.entries()) expect(found[index]).toMatchObject(entry);
    }
  });

  it("carry content and skip what is not read", async () => {
    const bytes = await archive([{ name: "a" }, Buffer.from("x".repeat(513))], [{ name: "b" }, Buffer.from("bb")]);
    expect((await readAll(bytes)).map(([entry, text]) => [entry.name, text.length])).toEqual([
      ["a", 513],
      ["b", 2],
    ]);
    const reader = new TarReader(pieces(bytes));
    await reader.next();
    expect((await reader.next())?.name).toBe("b");
  });

  it("keep names that are not UTF-8", () => {
    for (const bytes of [
      [0x66, 0xc3],
      [0x80],
      [0xed, 0xb2, 0x80],
      [0xf0, 0x9f, 0x98, 0x80, 0xfe],
      [0xef, 0xbb, 0xbf, 0x61],
    ]) {
      expect([...encodePath(decodePath(Uint8Array.from(bytes)))]).toEqual(bytes);
    }
    expect(decodePath(encodePath("😀ä"))).toBe("😀ä");
  });
});

describe("TarReader, next to GNU tar and Python", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tar-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const run = (script: string) => execFileSync("sh", ["-c", script], { cwd: folder, maxBuffer: 1 << 26 });

  it.each(["gnu", "pax", "ustar", "v7", "oldgnu"])("next() reads the %s format", async (format) => {
    run(`mkdir -p d/${"s".repeat(60)}; echo hi > d/f; ln d/f d/h; ln -s f d/l; mkfifo d/p; touch -d @1600000000 d/f`);
    const deep = format === "gnu" || format === "pax" || format === "oldgnu";
    if (deep) run(`mkdir -p ${"d/e".repeat(70)}; ln -s ${"t".repeat(200)} d/long`);
    const fifo = format === "v7" ? "--exclude=d/p" : "";
    const bytes = run(`tar -c --format=${format} ${fifo} --owner=100 --group=200 --sort=name d`);
    const found = new Map((await readAll(bytes)).map(([entry, text]) => [entry.name, { ...entry, text }]));
    expect(found.get("d/f")).toMatchObject({
      type: "file",
      text: "hi\n",
      uid: 100,
      gid: 200,
      mtime: { seconds: 1.6e9 },
    });
    expect(found.get("d/h")).toMatchObject({ type: "link", linkName: "d/f" });
    expect(found.get("d/l")).toMatchObject({ type: "symlink", linkName: "f" });
    expect(found.get(`d/${"s".repeat(60)}/`)?.type).toBe("directory");
    if (deep) expect(found.get("d/long")?.linkName.length).toBe(200);
    if (deep) expect(found.has(`${"d/e".repeat(70)}/`)).toBe(true);
  });

  it("next() reads binary numbers", async () => {
    writeFileSync(join(folder, "f"), "x");
    const bytes = run("tar -c --format=gnu --owner=4000000000 --group=3000000 --mtime=@-5 f");
    expect((await readAll(bytes))[0]?.[0]).toMatchObject({
      uid: 4_000_000_000,
      gid: 3_000_000,
      mtime: { seconds: -5 },
    });
  });

  it("next() refuses sparse files by name", async () => {
    writeFileSync(join(folder, "holes"), "");
    truncateSync(join(folder, "holes"), 1 << 20);
    await expect(readAll(run("tar -cS --format=pax holes"))).rejects.toThrow("holes: sparse files");
    await expect(readAll(run("tar -cS --format=gnu holes"))).rejects.toThrow("unhandled tar header type 83");
  });

  it("the writer makes what GNU tar reads", async () => {
    const bytes = await archive(
      [{ name: "dir", type: "directory", mode: 0o755 }],
      [{ name: `dir/${"n".repeat(150)}`, mtime: { seconds: 5, nanoseconds: 250_000_000 } }, Buffer.from("content")],
    );
    writeFileSync(join(folder, "a.tar"), bytes);
    run("tar -xf a.tar");
    expect(readFileSync(join(folder, "dir", "n".repeat(150)), "utf8")).toBe("content");
    expect(
      run(`stat -c %.3Y dir/${"n".repeat(150)}`)
        .toString()
        .trim(),
    ).toBe("5.250");
  });
});

describe("TarReader, with bad input", () => {
  const file = () => archive([{ name: "file" }, Buffer.from("x".repeat(1000))]);

  it("next() refuses a wrong checksum", async () => {
    const bytes = await file();
    bytes.write("F", 0);
    await expect(readAll(bytes)).rejects.toThrow("checksum mismatch");
  });

  it("next() refuses an archive that ends inside an entry, and takes one without its end", async () => {
    const bytes = await file();
    for (const end of [1, 300, 512, 513, 1000, 1535]) {
      await expect(readAll(bytes.subarray(0, end)), `cut at ${end}`).rejects.toThrow("unexpected EOF");
    }
    expect((await readAll(bytes.subarray(0, 1536))).length).toBe(1);
    expect((await readAll(Buffer.alloc(0))).length).toBe(0);
  });

  it("next() refuses an extended header that describes nothing", async () => {
    const bytes = await archive([{ name: long }]);
    await expect(readAll(bytes.subarray(0, 1024))).rejects.toThrow("unexpected EOF");
  });

  it("next() bounds extended headers", async () => {
    const huge = Buffer.from(tarHeader({ name: "x", size: (1 << 20) + 1 }));
    huge.write("x", 156);
    await expect(readAll(Buffer.concat([seal(huge), Buffer.alloc(4096)]))).rejects.toThrow("header field too long");
    const empty = Buffer.from(tarHeader({ name: "x", size: 0 }));
    empty.write("x", 156);
    await expect(readAll(Buffer.concat(Array(20).fill(seal(empty))))).rejects.toThrow("too many extended headers");
  });

  it.each([
    ["no newline", "12 path=abcd"],
    ["a length that is no number", "xx path=abc\n"],
    ["a length past the end", "99 path=abc\n"],
    ["no key", "7 =abc\n"],
    ["a zero byte in a name", "13 path=a\0b\n\n"],
    ["a size that is no number", "11 size=1x\n"],
    ["a negative size", "11 size=-1\n"],
    ["a time that is no time", "13 mtime=abc\n"],
  ])("next() refuses a pax record with %s", async (_what, record) => {
    const header = Buffer.from(tarHeader({ name: "x", size: record.length }));
    header.write("x", 156);
    const body = Buffer.concat([Buffer.from(record), Buffer.alloc(512 - record.length)]);
    const bytes = Buffer.concat([seal(header), body, await file()]);
    await expect(readAll(bytes)).rejects.toMatchObject({ name: "InvalidParameter" });
  });

  it("next() refuses types that it does not know", async () => {
    const bytes = Buffer.from(tarHeader({ name: "x" }));
    bytes.write("V", 156);
    await expect(readAll(seal(bytes))).rejects.toThrow("unhandled tar header type 86");
  });

  it("next() refuses sizes that are negative or too large to count", async () => {
    const bytes = Buffer.from(tarHeader({ name: "x" }));
    bytes.fill(0xff, 124, 136);
    await expect(readAll(seal(bytes))).rejects.toThrow("invalid tar header");
    bytes.fill(0xff, 125, 136);
    bytes.writeUInt8(0x80, 124);
    await expect(readAll(seal(bytes))).rejects.toThrow("invalid tar header");
  });

  it("bytes() refuses more than its limit", async () => {
    const reader = new TarReader(pieces(await file()));
    await reader.next();
    await expect(reader.bytes(999)).rejects.toThrow("expected at most 999");
  });
});
