import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../setup/run.mjs";

/**
 * Adds /etc/ld.so.cache. Programs start without it too, but the loader then tries many folders, and each attempt is slow
 * in an emulator. The machine's own ldconfig reads the libraries; it executes nothing.
 * @param {import("./file-tree.mjs").FileTree} tree
 * @param {string} work an empty folder
 */
export async function addLinkerCache(tree, work) {
  const wanted = /^(usr\/lib\/.*\.so(\.[\w.]+)?|etc\/ld\.so\.conf(\.d\/.*)?)$/;
  for (const [path, target] of [["lib", "usr/lib"]]) await symlink(target ?? "", join(work, path ?? ""));
  for (const { path, type, data, target } of tree.entries()) {
    if (!wanted.test(path) || type === "directory") continue;
    await mkdir(dirname(join(work, path)), { recursive: true });
    if (type === "symlink") await symlink(target ?? "", join(work, path));
    else if (data) await writeFile(join(work, path), data);
  }
  // -X: leaves links alone; -i: trusts no cache of its own.
  await run("/sbin/ldconfig", ["-X", "-i", "-r", work, "-C", "/etc/ld.so.cache"]);
  tree.file("etc/ld.so.cache", await readFile(join(work, "etc/ld.so.cache")));
}
