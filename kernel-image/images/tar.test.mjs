import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readTar, writeTar } from "./tar.mjs";

const common = { mode: 0o644, uid: 0, gid: 42, mtime: 1_700_000_000 };
const long = `${"folder/".repeat(30)}file-with-an-ü`;

it("writeTar() writes what readTar() reads back, long names too", () => {
  /** @type {import("./tar.mjs").TarEntry[]} */
  const entries = [
    { ...common, path: "etc", type: "directory", mode: 0o755 },
    { ...common, path: "etc/file", type: "file", data: Buffer.from("hello") },
    { ...common, path: "link", type: "symlink", mode: 0o777, target: "etc/file" },
    { ...common, path: long, type: "file", data: Buffer.alloc(1000, 7) },
    { ...common, path: "hard", type: "hardlink", target: long },
  ];
  expect(readTar(writeTar(entries))).toEqual(entries);
});

it("writeTar() writes what tar(1) unpacks, and readTar() reads what tar(1) packs", () => {
  const folder = mkdtempSync(join(tmpdir(), "wherry-tar-"));
  try {
    writeFileSync(
      join(folder, "a.tar"),
      writeTar([{ ...common, path: long, type: "file", mode: 0o600, data: Buffer.from("x") }]),
    );
    execFileSync("tar", ["-xf", "a.tar"], { cwd: folder });
    expect(readFileSync(join(folder, long), "utf8")).toBe("x");
    expect(statSync(join(folder, long)).mtimeMs).toBe(common.mtime * 1000);
    for (const format of ["gnu", "pax"]) {
      execFileSync("tar", [`--format=${format}`, "-cf", "b.tar", long], { cwd: folder });
      expect(readTar(readFileSync(join(folder, "b.tar"))).map(({ path }) => path)).toEqual([long]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
