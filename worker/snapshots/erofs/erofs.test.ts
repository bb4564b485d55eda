import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TarEntry } from "../../archive/tar/entry.ts";
import { TarReader } from "../../archive/tar/tar-reader.ts";
import { type NewTarEntry, writeTar } from "../../archive/tar/tar-writer.ts";
import { MemoryFiles } from "../../content/memory.ts";
import { writeLayer } from "../layer-writer.ts";

/** The judge is the kernel's own EROFS: mounting needs root. */
const canMount = process.getuid?.() === 0;

type Item = readonly [NewTarEntry, Uint8Array?];

let folder = "";
const mounted: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "erofs-"));
});
afterEach(() => {
  for (const target of mounted.splice(0)) execFileSync("umount", [target]);
  rmSync(folder, { recursive: true, force: true });
});

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50_021) yield bytes.subarray(at, at + 50_021);
}

async function image(tar: Uint8Array): Promise<Uint8Array> {
  const files = new MemoryFiles();
  const writer = await files.create("image");
  await writeLayer(pieces(tar), writer);
  await writer.commit();
  const file = await files.open("image");
  if (!file) throw new Error("no image");
  return file.readAt(0, file.size);
}

/** Mounts the image of an archive and answers where. */
async function mountImage(tar: Uint8Array): Promise<string> {
  const path = join(folder, "image");
  const target = join(folder, "mounted");
  writeFileSync(path, await image(tar));
  mkdirSync(target);
  execFileSync("mount", ["-t", "erofs", "-o", "ro,loop", path, target]);
  mounted.push(target);
  return target;
}

/** Unpacks an archive with GNU tar and answers where. */
function unpack(tar: Uint8Array): string {
  const target = join(folder, "unpacked");
  mkdirSync(target);
  execFileSync(
    "tar",
    [
      "-xpf",
      "-",
      "--delay-directory-restore",
      "--warning=no-timestamp",
      "--xattrs",
      "--xattrs-include=*",
      "--numeric-owner",
      "-C",
      target,
    ],
    { input: tar },
  );
  return target;
}

/** Everything that can be seen of a tree, by path: what GNU tar would store, with a hash of the content, and link counts. */
async function describeTree(path: string): Promise<Map<string, unknown>> {
  const args = [
    "-c",
    "--format=pax",
    "--xattrs",
    "--xattrs-include=*",
    "--numeric-owner",
    "--sort=name",
    "-C",
    path,
    ".",
  ];
  const reader = new TarReader(pieces(execFileSync("tar", args, { maxBuffer: 1 << 30 })));
  const found = new Map<string, unknown>();
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    const hash = createHash("sha256");
    for (let some = await reader.content(); some; some = await reader.content()) hash.update(some);
    const xattrs = [...entry.xattrs].map(([name, value]) => `${name}=${Buffer.from(value).toString("hex")}`).sort();
    found.set(entry.name, { ...(entry satisfies TarEntry), xattrs, content: hash.digest("hex") });
  }
  // A directory's size and link count are the file system's own affair; those of everything else are not.
  const counts = ["!", "-type", "d", "-printf", "%P %n %s\\0"];
  found.set(
    "links",
    execFileSync("find", [path, ...counts], { maxBuffer: 1 << 28 })
      .toString("latin1")
      .split("\0")
      .sort(),
  );
  return found;
}

async function expectSame(items: readonly Item[]): Promise<void> {
  const tar = await collect(writeTar([[{ name: "./", type: "directory", mode: 0o755 }], ...items]));
  const [seen, wanted] = [await describeTree(await mountImage(tar)), await describeTree(unpack(tar))];
  expect([...seen.keys()]).toEqual([...wanted.keys()]);
  for (const [path, entry] of wanted) expect(seen.get(path), path).toEqual(entry);
}

/** A small generator of numbers, so that a failure can be repeated by its seed. */
function random(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return Math.floor((((state ^ (state >>> 13)) >>> 0) / 2 ** 32) * limit);
  };
}

const sizes = [0, 1, 100, 1023, 1024, 1025, 4000, 4032, 4095, 4096, 4097, 8192, 8193, 70_000, 1_100_000];

function randomTree(seed: number): Item[] {
  const pick = random(seed);
  const items: Item[] = [];
  const folders = [""];
  const files: string[] = [];
  const name = () => {
    const length = 1 + pick(pick(8) === 0 ? 240 : 12);
    const letters = "abcXYZ019.-_+~ äß";
    return (
      Array.from({ length }, () => letters[pick(letters.length)])
        .join("")
        .slice(0, 120) + items.length
    );
  };
  for (let count = 0; count < 150; count++) {
    const path = (folders[pick(folders.length)] ?? "") + name();
    const attributes = {
      name: path,
      mode: [0o644, 0o755, 0o4711, 0o2750, 0o1777, 0][pick(6)] ?? 0,
      uid: [0, 1000, 65535, 65536, 4_000_000_000][pick(5)] ?? 0,
      gid: pick(70_000),
      mtime: {
        seconds: [0, 1_700_000_000, 1_700_000_000, 4_000_000_000][pick(4)] ?? 0,
        nanoseconds: pick(2) * pick(1e9),
      },
      xattrs: randomXattrs(pick),
    };
    const kind = pick(10);
    if (kind < 3) {
      items.push([{ ...attributes, type: "directory" }]);
      folders.push(`${path}/`);
    } else if (kind === 3) {
      const { xattrs: _, ...bare } = attributes;
      items.push([{ ...bare, mode: 0o777, type: "symlink", linkName: "t".repeat(1 + pick(300)) }]);
    } else if (kind === 4 && files.length > 0) {
      const target = items.find(([entry]) => entry.name === files[pick(files.length)]);
      if (target) items.push([{ ...target[0], name: path, type: "link", linkName: target[0].name }]);
    } else if (kind === 5) {
      const { xattrs: _, ...bare } = attributes;
      const device = (["char", "block", "fifo"] as const)[pick(3)] ?? "fifo";
      items.push([
        { ...bare, type: device, ...(device !== "fifo" && { deviceMajor: 1 + pick(300), deviceMinor: pick(70_000) }) },
      ]);
    } else {
      const content = Buffer.alloc(sizes[pick(sizes.length)] ?? 0);
      for (let at = 0; at < content.length; at += 61) content[at] = pick(256);
      items.push([attributes, content]);
      files.push(path);
    }
  }
  return items;
}

function randomXattrs(pick: (limit: number) => number): Map<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>();
  for (let count = pick(4) - 1; count > 0; count--) {
    const prefix = ["user.", "trusted.", "security."][pick(3)] ?? "user.";
    xattrs.set(
      `${prefix}n${"x".repeat(pick(30))}${count}`,
      Buffer.alloc(1 + pick(pick(4) === 0 ? 900 : 20), 65 + pick(20)),
    );
  }
  return xattrs;
}

describe.skipIf(!canMount)("an EROFS image, mounted by the kernel", () => {
  it.each([1, 2, 3, 4, 5, 6])("holds what GNU tar unpacks from a random tree (seed %i)", async (seed) => {
    await expectSame(randomTree(seed));
  });

  it("holds directories of every size, in the kernel's order", async () => {
    const items: Item[] = [];
    for (const count of [0, 1, 50, 170, 171, 200, 3000]) {
      items.push([{ name: `d${count}`, type: "directory" }]);
      for (let index = 0; index < count; index++) {
        items.push([{ name: `d${count}/${(index * 7919) % 10_007}-${"n".repeat(index % 60)}` }]);
      }
    }
    for (const odd of [" ", "!", "-", ".a", "..a", "...", "~", "é", "日本", "\u{1f600}"]) items.push([{ name: odd }]);
    await expectSame(items);
  });

  it("holds links that do not fit beside their inode, and attributes longer than a block", async () => {
    const large = new Map([["user.large", Buffer.alloc(3500, 1)]]);
    await expectSame([
      [{ name: "link", type: "symlink", linkName: "x".repeat(4090) }],
      [{ name: "small", xattrs: large }, Buffer.from("content beside large attributes".repeat(30))],
      [{ name: "dir", type: "directory", xattrs: large }],
      ...Array.from({ length: 40 }, (_, index): Item => [{ name: `dir/${"n".repeat(30)}${index}` }]),
    ]);
  });

  it("counts links", async () => {
    const tar = await collect(
      writeTar([
        [{ name: "d", type: "directory" }],
        [{ name: "d/e", type: "directory" }],
        [{ name: "f" }, Buffer.from("x")],
        [{ name: "d/g", type: "link", linkName: "f" }],
        [{ name: "d/h", type: "link", linkName: "d/g" }],
      ]),
    );
    const path = await mountImage(tar);
    const links = (name: string) =>
      execFileSync("stat", ["-c", "%h", join(path, name)])
        .toString()
        .trim();
    expect(["", "d", "d/e", "f", "d/g", "d/h"].map(links)).toEqual(["3", "3", "2", "3", "3", "3"]);
  });

  it("holds whiteouts and opaque directories as overlayfs wants them", async () => {
    const lower = await collect(writeTar([[{ name: "gone" }], [{ name: "d/old" }], [{ name: "keep/old" }]]));
    const upper = await collect(
      writeTar([[{ name: ".wh.gone" }], [{ name: "d/.wh..wh..opq" }], [{ name: "d/new" }], [{ name: "keep/new" }]]),
    );
    const top = await mountImage(upper);
    const bottom = unpack(lower);
    const merged = join(folder, "merged");
    mkdirSync(merged);
    execFileSync("mount", ["-t", "overlay", "-o", `lowerdir=${top}:${bottom}`, "overlay", merged]);
    mounted.unshift(merged);
    const seen = execFileSync("find", [merged, "-type", "f", "-printf", "%P\\n"]).toString().trim().split("\n").sort();
    expect(seen).toEqual(["d/new", "keep/new", "keep/old"]);
  });

  it("is also well-formed to fsck.erofs", async () => {
    const path = join(folder, "image");
    writeFileSync(path, await image(await collect(writeTar(randomTree(99)))));
    expect(() => execFileSync("fsck.erofs", [path], { stdio: "pipe" })).not.toThrow();
  });
});

describe("writeLayer()", () => {
  it("makes the same bytes of the same archive", async () => {
    const tar = await collect(writeTar(randomTree(5)));
    expect(Buffer.compare(await image(tar), await image(tar))).toBe(0);
  });

  it("makes an image of an archive without entries", async () => {
    expect((await image(await collect(writeTar([])))).length).toBe(8192);
  });

  it("refuses damaged archives or makes an image, and does nothing else", async () => {
    const tar = await collect(writeTar(randomTree(7).filter(([entry]) => (entry.size ?? 0) < 5000)));
    const pick = random(7);
    let refused = 0;
    for (let round = 0; round < 150; round++) {
      const broken = Buffer.from(tar);
      for (let count = 0; count < 3; count++) broken.writeUInt8(pick(256), pick(Math.min(broken.length, 60_000)));
      await image(broken.subarray(0, pick(2) === 0 ? broken.length : pick(broken.length))).catch((error: Error) => {
        expect(["InvalidParameter", "NotImplemented"]).toContain(error.name);
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(50);
  });
});
