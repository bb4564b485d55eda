import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** `mkdir -p`. Node's own never comes back where a folder takes no new ones and says that they are not there, as /proc does. */
export async function makeFolder(path: string, mode: number): Promise<void> {
  if (!(await parentIsMissing(path, mode))) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent, mode);
  const missing = await parentIsMissing(path, mode);
  if (missing) throw missing;
}

/** Makes one folder, unless it is there. Answers the error that says that its parent is not. */
async function parentIsMissing(path: string, mode: number): Promise<Error | undefined> {
  try {
    await mkdir(path, { mode });
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return error as Error;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return undefined;
    throw error;
  }
}
