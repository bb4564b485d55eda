import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** @param {string | Uint8Array} bytes */
export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * The name of a built thing: equal inputs, equal key. The order of the properties does not matter.
 * @param {Record<string, string | number | boolean | readonly string[]>} inputs
 */
export function keyOf(inputs) {
  const text = Object.entries(inputs)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((entry) => JSON.stringify(entry))
    .join("\n");
  return sha256(text).slice(0, 20);
}

/**
 * A hash over the names and contents of files; folders are walked. What does not exist counts as empty.
 * @param {readonly string[]} paths
 * @param {string} base names are hashed relative to it
 */
export async function hashFiles(paths, base) {
  const hash = createHash("sha256");
  for (const path of paths) {
    for (const file of await filesBelow(path)) {
      hash.update(`${relative(base, file)}\0${sha256(await readFile(file))}\n`);
    }
  }
  return hash.digest("hex");
}

/**
 * @param {string} path
 * @returns {Promise<string[]>} sorted
 */
export async function filesBelow(path) {
  /** @type {import("node:fs").Dirent[]} */
  let entries;
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code;
    if (code === "ENOTDIR") return [path];
    if (code === "ENOENT") return [];
    throw error;
  }
  const found = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) found.push(...(await filesBelow(child)));
    else if (entry.isFile()) found.push(child);
  }
  return found;
}
