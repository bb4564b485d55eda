import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hashFiles, keyOf } from "./key.mjs";
import { dist, top } from "./paths.mjs";

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
    sources: await hashFiles(
      sources.map((path) => join(top, path)),
      top,
    ),
    proxy: process.env.WHERRY_REGISTRY_PROXY ?? "",
  });
  for (const { name, config, what } of bundles) {
    const stamp = join(dist, `.${name}-key`);
    const have = await readFile(stamp, "utf8").catch(() => "");
    if (have === key && existsSync(join(dist, name))) continue;
    await progress.step(what, async () => {
      const { build } = await import("vite");
      await build({ configFile: join(top, config), logLevel: "warn" });
    });
    await writeFile(stamp, key);
  }
}
