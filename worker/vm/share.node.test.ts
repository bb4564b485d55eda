import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HostTreeError } from "./host-tree.ts";
import { FolderTree } from "./share.node.ts";

const { errno } = constants;
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const readWrite = { read: true, write: true };
const newFile = { ...readWrite, mode: 0o640, owner, exclusive: true };

let top: string;
let folder: string;
let tree: FolderTree;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "wherry-share-"));
  folder = join(top, "shared");
  mkdirSync(folder);
  writeFileSync(join(top, "secret"), "secret");
  mkdirSync(join(top, "outside"));
  writeFileSync(join(folder, "file"), "content");
  mkdirSync(join(folder, "sub"));
  symlinkSync("..", join(folder, "up"));
  symlinkSync(join(top, "secret"), join(folder, "absolute"));
  symlinkSync(join(top, "outside"), join(folder, "sub", "door"));
  tree = new FolderTree(folder);
});

afterEach(() => rmSync(top, { recursive: true }));

/** The error number of a refusal. */
function refused(action: () => unknown): number {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(HostTreeError);
    return (error as HostTreeError).errno;
  }
  throw new Error("it was not refused");
}

describe("FolderTree", () => {
  test("a symlink is itself, and no path leads through one", () => {
    expect(tree.stat(["up"]).mode & 0o170000).toBe(0o120000);
    expect(tree.readLink(["absolute"])).toBe(join(top, "secret"));
    const through = [
      () => tree.stat(["up", "secret"]),
      () => tree.stat(["sub", "door", "x"]),
      () => tree.readDirectory(["up"]),
      () => tree.readDirectory(["sub", "door"]),
      () => tree.create(["up", "new"], newFile),
      () => tree.makeDirectory(["sub", "door", "new"], { mode: 0o755, owner }),
      () => tree.rename(["file"], ["up", "file"]),
      () => tree.link(["file"], ["sub", "door", "file"]),
      () => tree.unlink(["up", "secret"]),
    ];
    for (const action of through) expect(refused(action)).toBe(errno.ENOTDIR);
    expect(refused(() => tree.open(["absolute"], { read: true, write: false }))).toBe(errno.ELOOP);
    expect(refused(() => tree.open(["absolute"], { ...readWrite, truncate: true }))).toBe(errno.ELOOP);
    expect(refused(() => tree.create(["absolute"], { ...newFile, exclusive: false }))).toBe(errno.ELOOP);
    expect(refused(() => tree.setAttributes(["absolute"], { size: 0 }))).toBe(errno.ELOOP);
    tree.setAttributes(["absolute"], { mode: 0o777, modified: 0n });
    tree.link(["absolute"], ["linked"]);
    expect(lstatSync(join(folder, "linked")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(top, "secret"), "utf8")).toBe("secret");
    expect(existsSync(join(top, "new"))).toBe(false);
  });

  test("whatever became of the way to the folder, no path leads out", () => {
    const outer = new FolderTree(top);
    const inner = new FolderTree(join(folder, "sub"));
    writeFileSync(join(folder, "sub", "secret"), "inner");
    // What a guest can do through another folder that is shared with it.
    outer.rename(["shared", "sub"], ["shared", "was"]);
    expect(refused(() => inner.stat([]))).toBe(errno.ENOENT);
    outer.symlink(["shared", "sub"], "..", owner);
    mkdirSync(join(top, "elsewhere", "sub"), { recursive: true });
    writeFileSync(join(top, "elsewhere", "sub", "secret"), "outside");
    const attempts = () => [
      refused(() => inner.stat([])),
      refused(() => inner.stat(["secret"])),
      refused(() => inner.readDirectory([])),
      refused(() => inner.open(["secret"], { read: true, write: false })),
      refused(() => inner.create(["new"], newFile)),
    ];
    expect(attempts()).toEqual(Array(5).fill(errno.ENOTDIR));
    outer.rename(["shared"], ["moved"]);
    outer.symlink(["shared"], "elsewhere", owner);
    expect(attempts()).toEqual(Array(5).fill(errno.ENOENT));
    // Made anew, it is shared again.
    outer.unlink(["shared"]);
    mkdirSync(join(folder, "sub"), { recursive: true });
    inner.create(["new"], newFile).close();
    expect(existsSync(join(folder, "sub", "new"))).toBe(true);
  });

  test("no file of the outside is reached while another program swaps a folder for a symlink", async () => {
    writeFileSync(join(folder, "sub", "secret"), "inner");
    const swap = `const fs = require("node:fs");
      process.chdir(process.argv[1]);
      fs.symlinkSync("..", "link");
      for (;;) { fs.renameSync("sub", "kept"); fs.renameSync("link", "sub"); fs.renameSync("sub", "link"); fs.renameSync("kept", "sub"); }`;
    const swapper = spawn(process.execPath, ["-e", swap, folder], { stdio: "ignore" });
    try {
      await expect.poll(() => existsSync(join(folder, "link")) || existsSync(join(folder, "kept"))).toBe(true);
      const read = () => {
        const file = tree.open(["sub", "secret"], { read: true, write: false });
        const text = Buffer.from(file.read(0, 100)).toString();
        file.close();
        return text;
      };
      const outcomes = new Set<string | number>();
      for (let round = 0; round < 20_000; round += 1) {
        try {
          outcomes.add(read());
        } catch (error) {
          outcomes.add((error as HostTreeError).errno);
        }
      }
      expect([...outcomes]).toContain("inner");
      expect([...outcomes]).not.toContain("secret");
    } finally {
      swapper.kill("SIGKILL");
      await new Promise((resolve) => swapper.once("exit", resolve));
    }
  });

  test("leaves no descriptor behind", () => {
    const open = () => readdirSync("/proc/self/fd").length;
    const before = open();
    for (let round = 0; round < 50; round += 1) {
      tree.readDirectory(["sub"]);
      tree.setAttributes(["file"], { mode: 0o600 });
      refused(() => tree.stat(["up", "secret"]));
      refused(() => tree.stat(["absent", "x"]));
      refused(() => tree.makeDirectory(["sub"], { mode: 0o755, owner }));
    }
    expect(open()).toBe(before);
  });

  test.each([[["..", "secret"]], [["sub", ".."]], [["."]], [["a/b"]], [[""]]])("refuses the path %j", (path) => {
    expect(refused(() => tree.stat(path))).toBe(errno.EINVAL);
  });

  test("creates, writes, reads, truncates and keeps an open file that has lost its name", () => {
    const file = tree.create(["sub", "new"], newFile);
    expect(refused(() => tree.create(["sub", "new"], newFile))).toBe(errno.EEXIST);
    expect(file.write(3, Buffer.from("abc"))).toBe(3);
    expect(Buffer.from(file.read(0, 100)).toString("latin1")).toBe("\0\0\0abc");
    expect(lstatSync(join(folder, "sub", "new")).mode & 0o777).toBe(0o640);
    tree.unlink(["sub", "new"]);
    expect(Buffer.from(file.read(4, 1)).toString()).toBe("b");
    file.setAttributes({ size: 4, mode: 0o600 });
    expect(file.stat()).toMatchObject({ size: 4, links: 0 });
    file.sync(true);
    file.close();
    expect(refused(() => file.read(0, 1))).toBe(errno.EBADF);
  });

  test("appends wherever it is told to write", () => {
    const file = tree.open(["file"], { read: false, write: true, append: true });
    file.write(0, Buffer.from("+"));
    file.close();
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("content+");
  });

  test("changes names, modes, times and sizes", () => {
    tree.makeDirectory(["made"], { mode: 0o751, owner });
    tree.symlink(["made", "link"], "../anywhere", owner);
    tree.rename(["file"], ["made", "moved"]);
    tree.link(["made", "moved"], ["again"]);
    tree.setAttributes(["again"], { mode: 0o4711, size: 3, modified: 1_500_000_000_250_000_000n });
    expect(tree.stat(["made", "moved"])).toMatchObject({ size: 3, links: 2, modified: 1_500_000_000_250_000_000n });
    expect(lstatSync(join(folder, "again")).mode & 0o7777).toBe(0o4711);
    expect(readlinkSync(join(folder, "made", "link"))).toBe("../anywhere");
    expect(lstatSync(join(folder, "made")).mode & 0o777).toBe(0o751);
    expect(refused(() => tree.removeDirectory(["made"]))).toBe(errno.ENOTEMPTY);
    expect(refused(() => tree.unlink(["absent"]))).toBe(errno.ENOENT);
    expect(refused(() => tree.removeDirectory(["again"]))).toBe(errno.ENOTDIR);
  });

  test("lists names with their kind, and leaves out those that are not UTF-8", () => {
    execFileSync("touch", [Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff])]).toString("latin1")]);
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/bad`), Buffer.from([0xfe])]), "");
    const kinds = new Map(tree.readDirectory([]).map(({ name, type }) => [name, type]));
    expect(kinds.get("file")).toBe(8);
    expect(kinds.get("sub")).toBe(4);
    expect(kinds.get("up")).toBe(10);
    expect([...kinds.keys()].filter((name) => name.startsWith("bad"))).toEqual([]);
  });

  test("opening a fifo does not wait for its other end", () => {
    execFileSync("/usr/bin/mkfifo", [join(folder, "fifo")]);
    tree.open(["fifo"], { read: true, write: false }).close();
    expect(refused(() => tree.open(["fifo"], { read: false, write: true }))).toBe(errno.ENXIO);
  });

  test("creating what is there already opens a file, and nothing that is none", () => {
    execFileSync("/usr/bin/mkfifo", [join(folder, "fifo")]);
    const shared = { ...newFile, exclusive: false };
    for (const options of [shared, { ...shared, write: false }]) {
      expect(refused(() => tree.create(["fifo"], options))).toBe(errno.EINVAL);
      expect(refused(() => tree.create(["sub"], options))).toBe(errno.EINVAL);
    }
    const file = tree.create(["file"], shared);
    expect(Buffer.from(file.read(0, 100)).toString()).toBe("content");
    file.close();
  });

  test("is refused for a file, and for nothing", () => {
    expect(() => new FolderTree(join(folder, "file"))).toThrow("not a directory");
    expect(() => new FolderTree(join(folder, "absent"))).toThrow("ENOENT");
    chmodSync(folder, 0o755);
    expect(new FolderTree(join(folder, "up")).stat(["secret"]).size).toBe(6);
  });
});

describe("a folder of which only one name is shared", () => {
  test("holds nothing else, and stays as it is", () => {
    const only = new FolderTree(folder, { only: "file" });
    expect(only.readDirectory([]).map(({ name }) => name)).toEqual(["file"]);
    expect(only.stat(["file"]).size).toBe(7);
    only.setAttributes(["file"], { mode: 0o600 });
    const absent = { errno: errno.ENOENT };
    expect(() => only.stat(["sub"])).toThrow(expect.objectContaining(absent));
    expect(() => only.stat(["sub", "x"])).toThrow(expect.objectContaining(absent));
    expect(() => only.create(["new"], newFile)).toThrow(expect.objectContaining(absent));
    expect(() => only.rename(["file"], ["new"])).toThrow(expect.objectContaining(absent));
    expect(() => only.link(["file"], ["new"])).toThrow(expect.objectContaining(absent));
    expect(() => only.setAttributes([], { mode: 0o777 })).toThrow(expect.objectContaining({ errno: errno.EPERM }));
    expect(existsSync(join(folder, "new"))).toBe(false);
  });

  test("need not hold it yet", () => {
    const only = new FolderTree(folder, { only: "new" });
    expect(only.readDirectory([])).toEqual([]);
    only.makeDirectory(["new"], { mode: 0o755, owner });
    expect(only.readDirectory([]).map(({ name }) => name)).toEqual(["new"]);
    expect(existsSync(join(folder, "new"))).toBe(true);
  });
});
