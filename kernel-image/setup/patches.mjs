import { join } from "node:path";
import { filesBelow } from "./key.mjs";
import { run } from "./run.mjs";

/**
 * Applies Wherry's patches for a program, in the order of their names.
 * @param {string} recipe the program's folder in kernel-image; its files go into the program's key
 * @param {string} tree the program's source
 */
export async function applyPatches(recipe, tree) {
  for (const patch of (await filesBelow(join(recipe, "patches"))).filter((name) => name.endsWith(".patch")))
    await run("patch", ["-s", "-p1", "-i", patch], { cwd: tree });
}
