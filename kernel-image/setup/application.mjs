import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BundledPackages } from "./bundled-packages.mjs";
import { hashFiles, keyOf } from "./key.mjs";
import { dist, recipe, top } from "./paths.mjs";

/** The bundles of the clone: the page, and what runs on Node. */
const bundles = [
  { name: "page", config: "web/vite.config.ts", what: "Bundling the page" },
  { name: "node", config: "worker/vite.config.ts", what: "Bundling the engine and the command line" },
];

const sources = ["web", "worker", "public", "package-lock.json"];

/**
 * Bundles the page and the headless engine into dist/page and dist/node, when a source has changed.
 * @param {import("./progress.mjs").Progress} progress
 */
export async function application(progress) {
  const key = keyOf({
    sources: await hashFiles([...sources.map((path) => join(top, path)), join(recipe, "setup")], top),
    proxy: process.env.WHERRY_REGISTRY_PROXY ?? "",
  });
  await mkdir(dist, { recursive: true });
  for (const { name, config, what } of bundles) {
    const stamp = join(dist, `.${name}-key`);
    const have = await readFile(stamp, "utf8").catch(() => "");
    if (have === key && existsSync(join(dist, name))) continue;
    await progress.step(what, async () => {
      await rm(stamp, { force: true });
      const { build } = await import("vite");
      const packages = new BundledPackages();
      const plugins = () => [packages.plugin()];
      await build({ configFile: join(top, config), logLevel: "error", plugins: plugins(), worker: { plugins } });
      await packages.write(packagesOf(name));
    });
    await writeFile(stamp, key);
  }
}

/** Names of the npm packages that have become part of the bundles. */
export async function bundledPackages() {
  const lists = await Promise.all(bundles.map(({ name }) => readFile(packagesOf(name), "utf8")));
  return [...new Set(lists.flatMap((list) => list.split("\n").filter(Boolean)))].sort();
}

/** @param {string} bundle */
function packagesOf(bundle) {
  return join(dist, `.${bundle}-packages`);
}
