/** What an entry of a tar archive is. */
export type TarType = "file" | "link" | "symlink" | "char" | "block" | "directory" | "fifo";

/** A point in time as archives and file systems keep it. */
export interface Timestamp {
  /** Seconds since 1970, may be negative. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/**
 * One entry. Names are text; bytes that are not UTF-8 are carried as lone surrogates (see `path-text.ts`), so that no name is
 * changed on its way through.
 */
export interface TarEntry {
  readonly type: TarType;
  /** As written in the archive: may be absolute, hold `..` or end in a slash. */
  readonly name: string;
  /** Target of a `link` (a name in the archive) or a `symlink`, else empty. */
  readonly linkName: string;
  /** Permission bits with setuid, setgid and sticky: 12 bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow; 0 for all but files. */
  readonly size: number;
  readonly mtime: Timestamp;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Extended attributes by full name, such as `security.capability`. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** Names of owner and group; carried, not interpreted. */
  readonly userName: string;
  readonly groupName: string;
}

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map();

/** Fields that most entries share. */
export const entryDefaults: Omit<TarEntry, "name"> = {
  type: "file",
  linkName: "",
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: noXattrs,
  userName: "",
  groupName: "",
};
