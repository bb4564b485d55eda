import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cache } from "./paths.mjs";

/**
 * Something built once for its key, in `<cache>/<name>/<key>/`.
 * @typedef {object} Recipe
 * @property {string} name such as `kernel`
 * @property {string} key of everything that it is made from
 * @property {string} what shown while it is built
 * @property {(folder: string) => Promise<void>} build fills an empty folder
 */

/** How the folders of builds that are under way begin. */
const unfinished = ".building-";

/** How many builds of one name are kept: the current one, and those of other clones and branches. */
const kept = 4;

/**
 * Answers the artefact's folder, and builds it first where the cache lacks it. A build appears under its name only when
 * it is complete: an interrupted one leaves a temporary folder that the next build removes. The caller holds the cache's
 * lock.
 * @param {Recipe} recipe
 * @param {import("./progress.mjs").Progress} progress
 * @returns {Promise<string>}
 */
export async function artefact(recipe, progress) {
  const home = join(cache, recipe.name);
  const folder = join(home, recipe.key);
  if (existsSync(folder)) {
    await touch(folder);
    return folder;
  }
  await mkdir(home, { recursive: true });
  await removeAbandoned(home);
  const building = join(home, `${unfinished}${randomUUID()}`);
  await mkdir(building);
  try {
    await progress.step(recipe.what, () => recipe.build(building));
    await renameUnlessThere(building, folder);
  } catch (error) {
    if (!process.env.WHERRY_KEEP_FAILED) await rm(building, { recursive: true, force: true });
    throw error;
  }
  await removeOldest(home);
  return folder;
}

/**
 * Writes a file so that a reader sees all of it or the former one.
 * @param {string} path
 * @param {string | Uint8Array} bytes
 */
export async function replaceFile(path, bytes) {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, bytes);
  await rename(temporary, path);
}

/**
 * @param {string} from
 * @param {string} to
 */
async function renameUnlessThere(from, to) {
  try {
    await rename(from, to);
  } catch (error) {
    // Another clone built the same key meanwhile: its build is as good.
    const code = /** @type {NodeJS.ErrnoException} */ (error).code;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    await rm(from, { recursive: true, force: true });
  }
}

/** @param {string} folder */
async function touch(folder) {
  const now = new Date();
  await utimes(folder, now, now).catch(() => {});
}

/**
 * A program of a set-up that was killed may still write there: what cannot be removed is left to the next build.
 * @param {string} home
 */
async function removeAbandoned(home) {
  for (const name of (await readdir(home)).filter((entry) => entry.startsWith(unfinished)))
    await rm(join(home, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
}

/** @param {string} home */
async function removeOldest(home) {
  const names = (await readdir(home)).filter((name) => !name.startsWith("."));
  const builds = await Promise.all(names.map(async (name) => ({ name, used: (await stat(join(home, name))).mtimeMs })));
  const old = builds.sort((a, b) => b.used - a.used).slice(kept);
  for (const { name } of old) await rm(join(home, name), { recursive: true, force: true });
}
