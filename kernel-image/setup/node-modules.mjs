import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "./key.mjs";
import { top } from "./paths.mjs";
import { run } from "./run.mjs";

const lock = join(top, "package-lock.json");
const modules = join(top, "node_modules");
const stamp = join(modules, ".wherry-lock");

/**
 * Installs the npm packages of package-lock.json when they are missing or of another lock.
 * @param {import("./progress.mjs").Progress} progress
 */
export async function nodeModules(progress) {
  if (!existsSync(lock)) return; // An installed package: npm has placed what it needs.
  const wanted = sha256(await readFile(lock));
  const have = await readFile(stamp, "utf8").catch(() => undefined);
  if (have === wanted) return;
  // npm keeps a copy of the lock that it installed from: a clone whose packages someone installed by hand is served too.
  if (have === undefined && (await sameTree())) return writeFile(stamp, wanted);
  await progress.step("Installing npm packages", () => install(top));
  await writeFile(stamp, wanted);
}

/**
 * Installs all that the lock of a folder names. What the user leaves out elsewhere (`NODE_ENV=production`, `omit` in npm's
 * configuration) is what Wherry is built with.
 * @param {string} folder
 */
export async function install(folder) {
  const all = ["dev", "optional", "peer"].map((kind) => `--include=${kind}`);
  await run("npm", ["ci", "--no-audit", "--no-fund", ...all], { cwd: folder });
}

async function sameTree() {
  const hidden = join(modules, ".package-lock.json");
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(await readFile(lock, "utf8")).packages;
  const installed = JSON.parse(await readFile(hidden, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === "" || entry.optional || installed[path]?.version === entry.version,
  );
}
