import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { constants as system } from "node:os";
import { errorMessage } from "../errdefs/errors.ts";
import {
  type HostAttributes,
  type HostCreateOptions,
  type HostDirectoryEntry,
  type HostFile,
  type HostFileSystem,
  type HostOpenOptions,
  type HostOwner,
  type HostPath,
  type HostStat,
  type HostTree,
  HostTreeError,
} from "./host-tree.ts";

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } =
  constants;
/** Linux's flag for a descriptor that is a place and no more, on every architecture that Node runs on; Node does not name it. */
const O_PATH = 0o10000000;
/** As many names as fit into Linux's PATH_MAX. */
const mostNames = 2048;
const permissionBits = 0o7777;
const typeBits = 0o170000;

/**
 * A folder of this machine. Node knows no openat(2), so each folder on the way is opened through `/proc/self/fd` of the one
 * before, and none of them, nor what is found at the end, may be a symlink: whatever is renamed or swapped meanwhile, by the
 * guest through another shared folder or by other programs of this machine, no path leads out.
 */
export class FolderTree implements HostTree {
  readonly readOnly: boolean;
  readonly #root: string;
  readonly #only: string | undefined;

  /**
   * With `only`, the folder holds nothing but what has that name, now or later on. Throws when `folder` is not there or not
   * a folder. A symlink in its own path is followed, once.
   */
  constructor(folder: string, options: { readonly readOnly?: boolean; readonly only?: string } = {}) {
    this.#root = realpathSync(folder);
    if (!lstatSync(this.#root).isDirectory()) throw new Error(`${folder} is not a directory`);
    this.readOnly = options.readOnly ?? false;
    this.#only = options.only;
  }

  stat(path: HostPath): HostStat {
    return this.#at(path, (place) => hostStat(lstatSync(place, { bigint: true })));
  }

  readDirectory(path: HostPath): readonly HostDirectoryEntry[] {
    return this.#in(path, (place) =>
      readdirSync(place, { encoding: "buffer", withFileTypes: true })
        .flatMap((entry) => describe(place, entry.name))
        .filter(({ name }) => this.#holds([...path, name])),
    );
  }

  readLink(path: HostPath): string {
    return this.#at(path, (place) => readlinkSync(place));
  }

  open(path: HostPath, options: HostOpenOptions): HostFile {
    return this.#at(path, (place) => new FolderFile(openSync(place, openFlags(options))));
  }

  create(path: HostPath, options: HostOpenOptions & HostCreateOptions & { readonly exclusive: boolean }): HostFile {
    return this.#at(path, (place) => {
      try {
        const fd = openSync(place, openFlags(options) | O_CREAT | O_EXCL, options.mode & permissionBits);
        fchmodSync(fd, options.mode & permissionBits);
        give(options.owner, (uid, gid) => fchownSync(fd, uid, gid));
        return new FolderFile(fd);
      } catch (error) {
        if (options.exclusive || codeOf(error) !== "EEXIST") throw error;
        mustBeRegularOrSymlink(place);
        return new FolderFile(openSync(place, openFlags(options)));
      }
    });
  }

  makeDirectory(path: HostPath, { mode, owner }: HostCreateOptions): void {
    this.#at(path, (place) => {
      mkdirSync(place, mode & permissionBits);
      changeMode(place, mode & permissionBits);
      give(owner, (uid, gid) => lchownSync(place, uid, gid));
    });
  }

  symlink(path: HostPath, target: string, owner: HostOwner): void {
    this.#at(path, (place) => {
      symlinkSync(target, place);
      give(owner, (uid, gid) => lchownSync(place, uid, gid));
    });
  }

  link(existing: HostPath, path: HostPath): void {
    this.#at(existing, (from) => this.#at(path, (to) => linkSync(from, to)));
  }

  rename(from: HostPath, to: HostPath): void {
    this.#at(from, (source) => this.#at(to, (target) => renameSync(source, target)));
  }

  unlink(path: HostPath): void {
    this.#at(path, (place) => unlinkSync(place));
  }

  removeDirectory(path: HostPath): void {
    this.#at(path, (place) => rmdirSync(place));
  }

  setAttributes(path: HostPath, changes: HostAttributes): void {
    this.#at(path, (place) => {
      if (path.length === 0 && this.#only !== undefined) throw refused("EPERM", place);
      const { uid, gid } = lstatSync(place);
      if (changes.size !== undefined) this.#truncate(place, changes.size);
      if (changes.uid !== undefined || changes.gid !== undefined) {
        lchownSync(place, changes.uid ?? uid, changes.gid ?? gid);
      }
      if (changes.mode !== undefined) changeMode(place, changes.mode);
      const times = timesOf(changes, () => lstatSync(place, { bigint: true }));
      if (times) lutimesSync(place, ...times);
    });
  }

  fileSystem(): HostFileSystem {
    const { bsize, blocks, bfree, bavail, files, ffree } = statfsSync(this.#root, { bigint: true });
    return {
      blockSize: Number(bsize),
      blocks,
      blocksFree: bfree,
      blocksAvailable: bavail,
      files,
      filesFree: ffree,
    };
  }

  #truncate(place: string, size: number): void {
    const file = new FolderFile(openSync(place, O_WRONLY | O_NOFOLLOW | O_NONBLOCK));
    try {
      file.setAttributes({ size });
    } finally {
      file.close();
    }
  }

  #holds([first]: HostPath): boolean {
    return this.#only === undefined || first === undefined || first === this.#only;
  }

  /** Resolves beneath the root and uses the place, whose last name is not followed. */
  #at<T>(path: HostPath, use: (place: string) => T): T {
    const last = path.at(-1);
    if (last === undefined) return this.#in([], (place) => use(`${place}/.`));
    return this.#in(path.slice(0, -1), (place) => use(`${place}/${last}`), last);
  }

  /** Uses the folder that `path` is, and turns the system's errors into ours. `entry` is what is meant in it. */
  #in<T>(path: HostPath, use: (place: string) => T, entry?: string): T {
    let fd: number | undefined;
    try {
      const names = entry === undefined ? path : [...path, entry];
      if (!this.#holds(names)) throw refused("ENOENT", names.join("/"));
      if (names.length > mostNames) throw refused("ENAMETOOLONG", "a path of too many names");
      const wrong = names.find((name) => name === "" || name === "." || name === ".." || name.includes("/"));
      if (wrong !== undefined) throw refused("EINVAL", wrong);
      fd = this.#openRoot();
      for (const name of path) {
        const within = openFolder(`${placeOf(fd)}/${name}`);
        closeSync(fd);
        fd = within;
      }
      return use(placeOf(fd));
    } catch (error) {
      if (error instanceof HostTreeError) throw error;
      throw new HostTreeError(errnoOf(error), errorMessage(error), { cause: error });
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** What is there now, if it is a folder and nothing on the way to it has become a symlink. */
  #openRoot(): number {
    const fd = openFolder(this.#root);
    if (readlinkSync(placeOf(fd)) === this.#root) return fd;
    closeSync(fd);
    throw refused("ENOENT", this.#root);
  }
}

class FolderFile implements HostFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  stat(): HostStat {
    return guarded(() => hostStat(fstatSync(this.#fd, { bigint: true })));
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const got = guarded(() => readSync(this.#fd, bytes, 0, length, offset));
    return bytes.subarray(0, got);
  }

  write(offset: number, bytes: Uint8Array): number {
    return guarded(() => writeSync(this.#fd, bytes, 0, bytes.length, offset));
  }

  setAttributes(changes: HostAttributes): void {
    guarded(() => {
      const { uid, gid } = fstatSync(this.#fd);
      if (changes.size !== undefined) ftruncateSync(this.#fd, changes.size);
      if (changes.uid !== undefined || changes.gid !== undefined) {
        fchownSync(this.#fd, changes.uid ?? uid, changes.gid ?? gid);
      }
      if (changes.mode !== undefined) fchmodSync(this.#fd, changes.mode);
      const times = timesOf(changes, () => fstatSync(this.#fd, { bigint: true }));
      if (times) futimesSync(this.#fd, ...times);
    });
  }

  sync(dataOnly: boolean): void {
    guarded(() => (dataOnly ? fdatasyncSync(this.#fd) : fsyncSync(this.#fd)));
  }

  close(): void {
    guarded(() => closeSync(this.#fd));
  }
}

function guarded<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new HostTreeError(errnoOf(error), errorMessage(error), { cause: error });
  }
}

function openFolder(place: string): number {
  return openSync(place, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

/** The file that is open, as a path: it can't lead to another one. */
function placeOf(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** A symlink has no mode of its own. */
function changeMode(place: string, mode: number): void {
  const fd = openSync(place, O_PATH | O_NOFOLLOW);
  try {
    if (!fstatSync(fd).isSymbolicLink()) chmodSync(placeOf(fd), mode);
  } finally {
    closeSync(fd);
  }
}

/** Looked at before it is opened, for a device may act on that alone. A symlink's turn comes then: it is not followed. */
function mustBeRegularOrSymlink(place: string): void {
  const stat = lstatSync(place);
  if (!stat.isFile() && !stat.isSymbolicLink()) throw refused("EINVAL", place);
}

/** A fifo without a writer must not hold the process up, so nothing here ever waits in open(2). */
function openFlags({ read, write, truncate, append }: HostOpenOptions): number {
  const access = read && write ? O_RDWR : write ? O_WRONLY : O_RDONLY;
  return access | (truncate ? O_TRUNC : 0) | (append ? O_APPEND : 0) | O_NOFOLLOW | O_NONBLOCK;
}

/** What the guest creates belongs to its user, as with a bind mount, where this process may give files away. */
function give({ uid, gid }: HostOwner, change: (uid: number, gid: number) => void): void {
  if (process.getuid?.() === 0) change(uid, gid);
}

function describe(folder: string, name: Buffer): HostDirectoryEntry[] {
  const text = name.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(name)) return [];
  try {
    const { ino, mode } = lstatSync(`${folder}/${text}`, { bigint: true });
    return [{ name: text, inode: ino, type: (Number(mode) & typeBits) >> 12 }];
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

function hostStat(stat: BigIntStats): HostStat {
  return {
    device: stat.dev,
    inode: stat.ino,
    mode: Number(stat.mode),
    links: Number(stat.nlink),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    specialDevice: stat.rdev,
    size: Number(stat.size),
    blockSize: Number(stat.blksize),
    blocks: Number(stat.blocks),
    accessed: stat.atimeNs,
    modified: stat.mtimeNs,
    changed: stat.ctimeNs,
  };
}

/** Both times are set at once; one that is to stay is set to what it is. */
function timesOf({ accessed, modified }: HostAttributes, now: () => BigIntStats): [number, number] | undefined {
  if (accessed === undefined && modified === undefined) return undefined;
  const stat = now();
  // Node cuts a fraction of a second down to whole microseconds: half of one more makes that rounding.
  const seconds = (wanted: bigint | "now" | undefined, current: bigint): number =>
    ((wanted === "now" ? Date.now() * 1e6 : Number(wanted ?? current)) + 500) / 1e9;
  return [seconds(accessed, stat.atimeNs), seconds(modified, stat.mtimeNs)];
}

function refused(code: keyof typeof system.errno, what: string): HostTreeError {
  return new HostTreeError(system.errno[code], `${code}: ${what}`);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function errnoOf(error: unknown): number {
  const number = error instanceof Error && "errno" in error ? Number(error.errno) : Number.NaN;
  return Number.isInteger(number) && number !== 0 ? Math.abs(number) : system.errno.EIO;
}
