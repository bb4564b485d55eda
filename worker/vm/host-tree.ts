/**
 * A folder of the host that is served to the guest. Every path is resolved beneath it and no symlink leads out of it: a
 * symlink is never followed, it is served as a symlink and the guest follows it inside its own tree.
 *
 * All operations are synchronous: the guest's system call waits for them anyway, and nothing that the guest does can slip
 * in between the check of a path and its use. They throw `HostTreeError`.
 */
export interface HostTree {
  readonly readOnly: boolean;
  stat(path: HostPath): HostStat;
  /** Without `.` and `..`; names that are not valid UTF-8 are left out. */
  readDirectory(path: HostPath): readonly HostDirectoryEntry[];
  readLink(path: HostPath): string;
  /** Opens a regular file. */
  open(path: HostPath, options: HostOpenOptions): HostFile;
  /** Creates a regular file, or opens it if it is there and `exclusive` is not set. */
  create(path: HostPath, options: HostOpenOptions & HostCreateOptions & { readonly exclusive: boolean }): HostFile;
  makeDirectory(path: HostPath, options: HostCreateOptions): void;
  symlink(path: HostPath, target: string, owner: HostOwner): void;
  /** Makes `path` a hard link to `existing`. */
  link(existing: HostPath, path: HostPath): void;
  rename(from: HostPath, to: HostPath): void;
  unlink(path: HostPath): void;
  removeDirectory(path: HostPath): void;
  setAttributes(path: HostPath, changes: HostAttributes): void;
  fileSystem(): HostFileSystem;
}

/** Names below the root, none of them empty, `.`, `..` or with a slash. The root is the empty list. */
export type HostPath = readonly string[];

export interface HostFile {
  stat(): HostStat;
  /** Short at the end of the file. */
  read(offset: number, length: number): Uint8Array;
  /** Returns how many bytes were written. */
  write(offset: number, bytes: Uint8Array): number;
  setAttributes(changes: HostAttributes): void;
  sync(dataOnly: boolean): void;
  close(): void;
}

export interface HostOpenOptions {
  readonly read: boolean;
  readonly write: boolean;
  readonly truncate?: boolean;
  /** Every write goes to the end, whatever its offset. */
  readonly append?: boolean;
}

export interface HostOwner {
  readonly uid: number;
  readonly gid: number;
}

export interface HostCreateOptions {
  /** Permission bits. */
  readonly mode: number;
  readonly owner: HostOwner;
}

/** Times are nanoseconds since 1970. `mode` holds the type bits too. */
export interface HostStat {
  readonly device: bigint;
  readonly inode: bigint;
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly specialDevice: bigint;
  readonly size: number;
  readonly blockSize: number;
  /** In units of 512 bytes. */
  readonly blocks: number;
  readonly accessed: bigint;
  readonly modified: bigint;
  readonly changed: bigint;
}

export interface HostDirectoryEntry {
  readonly name: string;
  readonly inode: bigint;
  /** As in struct dirent: 4 directory, 8 regular file, 10 symlink. */
  readonly type: number;
}

/** What is absent stays as it is. */
export interface HostAttributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly accessed?: bigint | "now";
  readonly modified?: bigint | "now";
}

/** As statfs(2). */
export interface HostFileSystem {
  readonly blockSize: number;
  readonly blocks: bigint;
  readonly blocksFree: bigint;
  readonly blocksAvailable: bigint;
  readonly files: bigint;
  readonly filesFree: bigint;
}

/** The host refused. `errno` is Linux's number. */
export class HostTreeError extends Error {
  override readonly name = "HostTreeError";
  readonly errno: number;

  constructor(errno: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.errno = errno;
  }
}

/** A folder that is there, and a path in it, which may be a file or nothing yet; "" is the folder itself. */
export interface HostPlace {
  readonly folder: string;
  readonly within: string;
}

/** The host's paths. */
export interface HostPlaces {
  /** The innermost folder on the way to an absolute path without `.` and `..`, through symlinks. */
  find(path: string): HostPlace;
  /** With `only`, the folder holds nothing but what has that name, now or later on. */
  open(folder: string, options: { readonly readOnly: boolean; readonly only?: string }): HostTree;
}
