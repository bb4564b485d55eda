import { realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { HostPlace, HostPlaces } from "./host-tree.ts";
import { FolderTree } from "./share.node.ts";

/** The paths of this machine. */
export const folderPlaces: HostPlaces = {
  find: (path) => placeOf(path),
  open: (folder, options) => new FolderTree(folder, options),
};

/** The innermost folder on the way to `path`, which is absolute and clean, through symlinks. */
function placeOf(path: string, within = ""): HostPlace {
  const real = realPath(path);
  if (real !== undefined && statSync(real).isDirectory()) return { folder: real, within };
  if (real !== undefined && within === "") return { folder: dirname(real), within: basename(real) };
  return placeOf(dirname(path), join(basename(path), within));
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
