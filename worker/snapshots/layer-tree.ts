import type { TarEntry, TarType, Timestamp } from "../archive/tar/entry.ts";
import { encodePath } from "../archive/tar/path-text.ts";
import { parseWhiteout } from "../archive/whiteout.ts";
import { type EngineError, invalidParameter } from "../errdefs/errors.ts";

interface InodeAttributes {
  mode: number;
  uid: number;
  gid: number;
  /** Undefined where nobody will look at it (a whiteout). */
  mtime: Timestamp | undefined;
  xattrs: ReadonlyMap<string, Uint8Array>;
  /** How many names it has; a directory's is worked out when it is written. */
  links: number;
}

export interface FileInode extends InodeAttributes {
  readonly type: "file";
  readonly size: number;
  /** Where its content is, once it was read: the first block of the image, or bytes to be kept beside the inode. */
  content: { readonly block: number } | { readonly inline: Uint8Array };
}

export interface DirectoryInode extends InodeAttributes {
  readonly type: "directory";
  readonly children: Map<string, Inode>;
  /** Hides what the layers below have in the directory of this name. */
  opaque: boolean;
}

export interface SymlinkInode extends InodeAttributes {
  readonly type: "symlink";
  readonly target: string;
}

export interface DeviceInode extends InodeAttributes {
  readonly type: "char" | "block" | "fifo";
  readonly major: number;
  readonly minor: number;
  readonly whiteout: boolean;
}

export type Inode = FileInode | DirectoryInode | SymlinkInode | DeviceInode;

/** Bounds for a layer's metadata, which is in memory while the layer is written. */
export interface LayerBounds {
  readonly maxInodes: number;
  /** Bytes of names, link targets and extended attributes. */
  readonly maxText: number;
}

const defaultBounds: LayerBounds = { maxInodes: 1_000_000, maxText: 128 * 1024 * 1024 };
const longestPath = 4096;
const longestName = 255;
const mostSymlinks = 40;
const emptyXattrs: ReadonlyMap<string, Uint8Array> = new Map();

/**
 * A layer as a tree of inodes, made from the entries of its archive in their order. It does what Docker's unpacking into an
 * empty directory does, but in memory, so that nothing can lead out of the tree: missing parents are made, a symlink among
 * the parents of a name is followed unless it climbs above the root, a file takes the place of a parent that was only
 * implied, and no name may come twice. Whiteouts become what overlayfs understands: a 0:0 character device, or an opaque
 * directory.
 */
export class LayerTree {
  readonly root: DirectoryInode;
  readonly #bounds: LayerBounds;
  readonly #seen = new Set<string>();
  #inodes = 1;
  #text = 0;

  constructor(bounds: LayerBounds = defaultBounds) {
    this.#bounds = bounds;
    this.root = newDirectory({ seconds: 0, nanoseconds: 0 });
  }

  /**
   * Adds an entry. Answers the inode when it is a file, whose content the caller then reads. Throws `InvalidParameter`
   * with the text that Docker's unpacking has for the case.
   */
  add(raw: TarEntry): FileInode | undefined {
    const entry = { ...raw, mtime: boundTime(raw.mtime) };
    const path = cleanPath(entry.name, "entry name");
    this.#see(path.join("/"));
    const name = path.pop();
    if (name === undefined) {
      if (entry.type === "directory") applyAttributes(this.root, entry, this.#xattrs(entry));
      return undefined;
    }
    const parent = this.#parent(path, entry);
    const whiteout = parseWhiteout(name);
    if (whiteout.kind === "opaque") parent.opaque = true;
    else if (whiteout.kind === "removed") this.#whiteOut(parent, whiteout.name, entry);
    else return this.#place(parent, name, entry);
    return undefined;
  }

  /** Tools that take a layer apart and put it together again cannot tell two entries of one name apart. */
  #see(name: string): void {
    if (this.#seen.has(name)) throw refused("duplicates of file paths not supported");
    this.#charge(name.length);
    this.#seen.add(name);
  }

  #place(parent: DirectoryInode, name: string, entry: TarEntry): FileInode | undefined {
    const existing = parent.children.get(name);
    if (existing?.type === "directory" && entry.type === "directory") {
      applyAttributes(existing, entry, this.#xattrs(entry));
      return undefined;
    }
    if (existing) {
      parent.children.delete(name);
      dropLinks(existing);
    }
    const { type } = entry;
    if (type === "link") {
      this.#link(parent, name, entry);
      return undefined;
    }
    const inode = this.#create({ ...entry, type });
    if (inode.type === "directory" && existing && isWhiteout(existing)) inode.opaque = true;
    this.#insert(parent, name, inode);
    return inode.type === "file" ? inode : undefined;
  }

  #create(entry: TarEntry & { readonly type: Exclude<TarType, "link"> }): Inode {
    const xattrs = this.#xattrs(entry);
    const { mode, uid, gid, mtime } = entry;
    const attributes = { mode, uid, gid, mtime, xattrs, links: 0 };
    if (entry.type === "file") {
      return { ...attributes, type: "file", size: entry.size, content: { inline: new Uint8Array(0) } };
    }
    if (entry.type === "directory") return { ...attributes, type: "directory", children: new Map(), opaque: false };
    if (entry.type === "symlink") {
      const length = encodePath(entry.linkName).length;
      if (length === 0) throw refused(`symlinkat  ${shown(entry.name)}: no such file or directory`);
      if (length >= longestPath)
        throw refused(`symlinkat ${entry.linkName.slice(0, 64)}... ${shown(entry.name)}: file name too long`);
      this.#charge(length);
      return { ...attributes, mode: 0o777, type: "symlink", target: entry.linkName };
    }
    const device = entry.type !== "fifo";
    if (
      device &&
      (entry.deviceMajor > 0xfff || entry.deviceMinor > 0xfffff || entry.deviceMajor < 0 || entry.deviceMinor < 0)
    ) {
      throw refused(`mknodat ${shown(entry.name)}: invalid argument`);
    }
    const major = device ? entry.deviceMajor : 0;
    const minor = device ? entry.deviceMinor : 0;
    const whiteout = entry.type === "char" && major === 0 && minor === 0;
    return { ...attributes, type: entry.type, major, minor, whiteout };
  }

  #link(parent: DirectoryInode, name: string, entry: TarEntry): void {
    const fail = (why: string) => refused(`linkat ${shown(entry.linkName)} ${shown(entry.name)}: ${why}`);
    const target = this.#find(entry.linkName);
    if (!target) throw fail("no such file or directory");
    if (target.type === "directory") throw fail("operation not permitted");
    // The header of a link describes the inode as well, and Docker applies it: a change of owner takes the capabilities away.
    const capable = [...target.xattrs].filter(([key]) => key !== "security.capability");
    target.xattrs = new Map([...capable, ...this.#xattrs({ ...entry, type: target.type })]);
    target.uid = entry.uid;
    target.gid = entry.gid;
    if (target.type !== "symlink") Object.assign(target, { mode: entry.mode, mtime: entry.mtime });
    this.#insert(parent, name, target, false);
  }

  #whiteOut(parent: DirectoryInode, name: string, entry: TarEntry): void {
    if (name === "" || name === "." || name === "..")
      throw refused(`invalid whiteout entry ${JSON.stringify(entry.name)}`);
    const existing = parent.children.get(name);
    // A whiteout hides what is below this layer only, wherever it stands in the archive.
    if (existing?.type === "directory") existing.opaque = true;
    if (existing) return;
    const attributes = { mode: 0, uid: 0, gid: 0, mtime: undefined, xattrs: emptyXattrs, links: 0 };
    this.#insert(parent, name, { ...attributes, type: "char", major: 0, minor: 0, whiteout: true });
  }

  #insert(parent: DirectoryInode, name: string, inode: Inode, isNew = true): void {
    const length = encodePath(name).length;
    if (length > longestName) throw refused(`openat ${name.slice(0, 64)}...: file name too long`);
    if (isNew && ++this.#inodes > this.#bounds.maxInodes) {
      throw refused(`layer has too many files: expected at most ${this.#bounds.maxInodes}`);
    }
    this.#charge(length);
    inode.links++;
    parent.children.set(name, inode);
  }

  #charge(bytes: number): void {
    this.#text += bytes;
    if (this.#text > this.#bounds.maxText) {
      throw refused(`layer has too much metadata: expected at most ${this.#bounds.maxText} bytes`);
    }
  }

  /**
   * The attributes to keep. Those of overlayfs itself are never taken from an archive; a user's are for files and directories
   * alone (xattr(7)), and Docker goes on without them elsewhere.
   */
  #xattrs(entry: Pick<TarEntry, "type" | "xattrs">): ReadonlyMap<string, Uint8Array> {
    if (entry.xattrs.size === 0) return emptyXattrs;
    const kept = new Map<string, Uint8Array>();
    const forUsers = entry.type === "file" || entry.type === "directory";
    for (const [name, value] of entry.xattrs) {
      if (name.startsWith("trusted.overlay.") || name.startsWith("user.overlay.")) continue;
      if (name.startsWith("user.") && !forUsers) continue;
      this.#charge(name.length + value.length);
      kept.set(name, value);
    }
    return kept;
  }

  /** The directory that `path` names; makes what is missing. */
  #parent(path: readonly string[], entry: TarEntry): DirectoryInode {
    const walk = new Walk(this.root, path);
    for (let part = walk.next(); part !== undefined; part = walk.next()) {
      const child = walk.directory.children.get(part);
      if (child && !isWhiteout(child)) {
        if (walk.enter(child)) continue;
        throw refused(
          walk.isOver ? `openat ${shown(entry.name)}: not a directory` : `statat ${path.join("/")}: not a directory`,
        );
      }
      const made = newDirectory(entry.mtime);
      made.opaque = child !== undefined;
      this.#insert(walk.directory, part, made);
      walk.enter(made);
    }
    return walk.directory;
  }

  /** What `name` stands for; the last component is not followed. */
  #find(name: string): Inode | undefined {
    const path = cleanPath(name, "hardlink target");
    const last = path.pop();
    const walk = new Walk(this.root, path);
    for (let part = walk.next(); part !== undefined; part = walk.next()) {
      const child = walk.directory.children.get(part);
      if (!child || !walk.enter(child)) return undefined;
    }
    return last === undefined ? walk.directory : walk.directory.children.get(last);
  }
}

/** Walks down a tree, with the tree's root as the only way up there is. */
class Walk {
  readonly #ancestors: DirectoryInode[];
  readonly #todo: string[];
  readonly #path: readonly string[];
  #symlinks = 0;

  constructor(root: DirectoryInode, path: readonly string[]) {
    this.#ancestors = [root];
    this.#path = path;
    this.#todo = [...path].reverse();
  }

  get directory(): DirectoryInode {
    return this.#ancestors.at(-1) as DirectoryInode;
  }

  /** Whether the last name was looked up. */
  get isOver(): boolean {
    return this.#todo.length === 0;
  }

  /** The next name to look up in `directory`. */
  next(): string | undefined {
    while (true) {
      const part = this.#todo.pop();
      if (part === undefined || (part !== "" && part !== "." && part !== "..")) return part;
      if (part !== "..") continue;
      if (this.#ancestors.length === 1) throw refused(`statat ${this.#path.join("/")}: path escapes from parent`);
      this.#ancestors.pop();
    }
  }

  /** Goes into a directory, or to where a symlink leads. Answers false when it is neither. */
  enter(child: Inode): boolean {
    if (child.type === "directory") {
      this.#ancestors.push(child);
      return true;
    }
    if (child.type !== "symlink") return false;
    if (++this.#symlinks > mostSymlinks) {
      throw refused(`statat ${this.#path.join("/")}: too many levels of symbolic links`);
    }
    if (child.target.startsWith("/")) this.#ancestors.length = 1;
    this.#todo.push(...child.target.split("/").reverse());
    return true;
  }
}

const refused = (text: string): EngineError => invalidParameter(text);
const shown = (name: string) => name.replace(/^(\.?\/+)+/, "").replace(/\/+$/, "");

export function isWhiteout(inode: Inode): boolean {
  return inode.type === "char" && inode.whiteout;
}

/** Docker takes no time before 1970, nor one of which the nanoseconds do not fit 64 bits, for one. */
function boundTime(time: Timestamp): Timestamp {
  const fits = time.seconds >= 0 && time.seconds * 1e9 + time.nanoseconds < 2 ** 63;
  return fits ? time : { seconds: 0, nanoseconds: 0 };
}

function newDirectory(mtime: Timestamp): DirectoryInode {
  const attributes = { mode: 0o755, uid: 0, gid: 0, mtime, xattrs: emptyXattrs, links: 0 };
  return { ...attributes, type: "directory", children: new Map(), opaque: false };
}

function applyAttributes(inode: DirectoryInode, entry: TarEntry, xattrs: ReadonlyMap<string, Uint8Array>): void {
  inode.mode = entry.mode;
  inode.uid = entry.uid;
  inode.gid = entry.gid;
  inode.mtime = entry.mtime;
  if (xattrs.size > 0) inode.xattrs = new Map([...inode.xattrs, ...xattrs]);
}

/** Takes a name off an inode, and off everything below it. */
function dropLinks(inode: Inode): void {
  const todo = [inode];
  for (let next = todo.pop(); next; next = todo.pop()) {
    next.links--;
    if (next.type === "directory") for (const child of next.children.values()) todo.push(child);
  }
}

/** The components of a name, resolved as far as text goes. A name that climbs above the root is refused as `what`. */
function cleanPath(name: string, what: string): string[] {
  if (name.length > longestPath) throw refused(`openat ${name.slice(0, 64)}...: file name too long`);
  const absolute = name.startsWith("/");
  const path: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") path.push(part);
    else if (path.pop() === undefined && !absolute) throw refused(`invalid ${what} ${JSON.stringify(name)}`);
  }
  return path;
}
