import { type EngineError, invalidParameter, system } from "../errdefs/errors.ts";
import { errnoText } from "../shim/errno.ts";
import { type Guest, GuestError, type GuestOperation } from "../shim/guest.ts";
import type { BindSource, BindSources } from "./components.ts";
import type { ContainerMount } from "./record.ts";

const absent: readonly string[] = ["ENOENT", "ENOTDIR", "ELOOP", "EXDEV"];

/** The place in the guest that `source` stands for. Throws `InvalidParameter` when it has none. */
export function resolveBind(binds: BindSources, source: string): BindSource {
  const found = binds.resolve(source);
  if (found === undefined) throw missing(source, binds.hint ? ` (${binds.hint})` : "");
  return found;
}

/** Rejects with `InvalidParameter` when nothing is at the place. */
export async function checkBind(guest: Guest, { root, path }: BindSource, source: string): Promise<void> {
  try {
    if (root === undefined) await guest.readFile(path, 0);
    else await guest.run([{ op: "bind", root, source: path }]);
  } catch (error) {
    if (!(error instanceof GuestError)) throw error;
    // A folder or a socket cannot be read as a file, and is there.
    if (absent.includes(error.code)) throw missing(source);
  }
}

/**
 * Makes the sources of a container's bind mounts ready, and tells the guest's paths of them: those with a root are bound in
 * `folder` (which is made and mounted; to be unmounted with all that is in it), since whoever follows their path later on
 * would follow symlinks out of the root.
 */
export async function readyBinds(
  guest: Guest,
  binds: BindSources,
  mounts: readonly ContainerMount[],
  folder: string,
): Promise<readonly ContainerMount[]> {
  let prepared = false;
  return Promise.all(
    mounts.map(async (mount, index) => {
      if (mount.point.Type !== "bind") return mount;
      const { Source } = mount.point;
      const { root, path } = resolveBind(binds, Source);
      if (root === undefined) {
        if (mount.create) await makeFolder(guest, path, Source);
        return { ...mount, path };
      }
      const target = `${folder}/${index}`;
      const first = prepared ? [] : mountedFolder(folder);
      prepared = true;
      try {
        await guest.run([...first, { op: "bind", root, source: path, target, make: mount.create }]);
      } catch (error) {
        throw bindFailure(error, Source, mount.create);
      }
      return { ...mount, path: target };
    }),
  );
}

/** Mounted on itself, so that unmounting it takes along what is mounted in it. */
function mountedFolder(folder: string): readonly GuestOperation[] {
  return [
    { op: "mkdir", path: folder, mode: 0o700, parents: true },
    { op: "mount", source: folder, target: folder, type: "bind", options: ["bind"] },
  ];
}

/** `-v` makes the folder that it mounts. A source that is there, of whatever kind, stays as it is. */
async function makeFolder(guest: Guest, path: string, source: string): Promise<void> {
  try {
    await guest.run([{ op: "mkdir", path, mode: 0o755, parents: true }]);
  } catch (error) {
    if (!(error instanceof GuestError && error.code === "EEXIST")) throw error;
    if (await leadsNowhere(guest, path)) throw bindFailure(error, source, true);
  }
}

/** Whether what is there is a symlink to nothing. A file or a socket is something. */
async function leadsNowhere(guest: Guest, path: string): Promise<boolean> {
  try {
    await guest.readFile(path, 0);
    return false;
  } catch (error) {
    if (!(error instanceof GuestError)) throw error;
    return absent.includes(error.code);
  }
}

function bindFailure(error: unknown, source: string, create: boolean): unknown {
  if (!(error instanceof GuestError)) return error;
  if (!create) return absent.includes(error.code) ? missing(source) : error;
  // A symlink that leads out of a shared folder leads nowhere.
  const why = errnoText(error.code === "EXDEV" ? "EEXIST" : error.code);
  return system(`error while creating mount source path '${source}': mkdir ${source}: ${why}`);
}

function missing(source: string, hint = ""): EngineError {
  return invalidParameter(`invalid mount config for type "bind": bind source path does not exist: ${source}${hint}`);
}
