import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { LayoutFiles } from "./layout.ts";

/** A layout in a folder of the host. */
export function folderLayout(root: string): LayoutFiles {
  return {
    async open(path, signal) {
      const file = join(root, path);
      const exists = await access(file).then(
        () => true,
        () => false,
      );
      return exists ? createReadStream(file, { highWaterMark: 1024 * 1024, ...(signal ? { signal } : {}) }) : undefined;
    },
  };
}
