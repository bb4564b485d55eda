import { writeFile } from "node:fs/promises";
import { relative, sep } from "node:path";
import { top } from "./paths.mjs";

/**
 * Remembers which npm packages the modules of a bundle come from, for the list of third parties: what package.json names
 * is neither all of it nor only that.
 */
export class BundledPackages {
  #names = new Set();

  /** For the page, and once more for its web worker, which is a bundle of its own. */
  plugin() {
    return {
      name: "wherry:bundled-packages",
      generateBundle: (/** @type {unknown} */ _options, /** @type {Record<string, object>} */ bundle) => {
        for (const output of Object.values(bundle)) {
          const modules = "modules" in output ? Object.keys(/** @type {object} */ (output.modules)) : [];
          for (const id of modules) this.#add(id);
        }
      },
    };
  }

  /** @param {string} path of the list: names, one a line */
  async write(path) {
    await writeFile(path, [...this.#names].sort().join("\n"));
  }

  /** @param {string} id of a module: its path, after a mark of the bundler's when it was converted */
  #add(id) {
    const path = relative(top, id.replace(/^\0/, "").replace(/\?.*$/, "")).split(sep);
    const at = path.lastIndexOf("node_modules");
    if (at < 0) return;
    const [scope = "", name = ""] = path.slice(at + 1);
    this.#names.add(scope.startsWith("@") ? `${scope}/${name}` : scope);
  }
}
