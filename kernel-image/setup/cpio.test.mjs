import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { writeCpio } from "./cpio.mjs";

/** @type {string[]} */
const folders = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/**
 * A reader after the kernel's description of the format, for what a checker without cpio(1) can see.
 * @param {Buffer} archive
 */
function headers(archive) {
  const found = [];
  for (let offset = 0; ; ) {
    const field = (/** @type {number} */ index) =>
      Number.parseInt(archive.toString("latin1", offset + 6 + 8 * index, offset + 14 + 8 * index), 16);
    expect(archive.toString("latin1", offset, offset + 6)).toBe("070701");
    const [nameSize, size] = [field(11), field(6)];
    const name = archive.toString("utf8", offset + 110, offset + 110 + nameSize - 1);
    if (name === "TRAILER!!!") return found;
    const data = offset + Math.ceil((110 + nameSize) / 4) * 4;
    found.push({
      name,
      inode: field(0),
      mode: field(1),
      links: field(4),
      device: [field(9), field(10)],
      data: archive.subarray(data, data + size),
    });
    offset = data + Math.ceil(size / 4) * 4;
  }
}

it("writeCpio() writes files, folders, links and devices that the format's description reads back", () => {
  const archive = writeCpio([
    { path: "bin", type: "directory", mode: 0o755 },
    { path: "bin/busybox", type: "file", mode: 0o755, data: Buffer.from("12345"), links: ["bin/ls", "bin/cat"] },
    { path: "sh", type: "symlink", target: "bin/busybox" },
    { path: "console", type: "character", mode: 0o600, major: 5, minor: 1 },
  ]);
  const [bin, busybox, ls, cat, sh, console] = headers(archive);
  expect(bin?.mode).toBe(0o40755);
  expect(busybox?.data.toString()).toBe("12345");
  expect([ls?.inode, cat?.inode, ls?.links, ls?.data.length]).toEqual([busybox?.inode, busybox?.inode, 3, 0]);
  expect([sh?.mode, sh?.data.toString()]).toEqual([0o120777, "bin/busybox"]);
  expect([console?.mode, console?.device]).toEqual([0o20600, [5, 1]]);
});

it.skipIf(!hasCpio())("writeCpio() writes what cpio(1) unpacks", () => {
  const folder = mkdtempSync(join(tmpdir(), "wherry-cpio-"));
  folders.push(folder);
  const archive = writeCpio([
    { path: "a", type: "directory", mode: 0o750 },
    { path: "a/file", type: "file", mode: 0o640, data: Buffer.from("hello"), links: ["a/link"] },
  ]);
  execFileSync("cpio", ["-idm", "--quiet"], { cwd: folder, input: archive });
  expect(readFileSync(join(folder, "a/link"), "utf8")).toBe("hello");
  expect(statSync(join(folder, "a/file")).ino).toBe(statSync(join(folder, "a/link")).ino);
});

function hasCpio() {
  try {
    execFileSync("cpio", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
