import type { Timestamp } from "../../archive/tar/entry.ts";
import { encodePath } from "../../archive/tar/path-text.ts";
import type { DirectoryInode, Inode } from "../layer-tree.ts";
import { type DirectoryBlocks, sortDirectory } from "./directory.ts";
import { blockSize, compactInodeSize, type DataLayout, encodeXattrs, extendedInodeSize, slotSize } from "./format.ts";

/** Where an inode lies and what surrounds it. */
export interface PlacedInode {
  readonly inode: Inode;
  readonly nid: number;
  readonly extended: boolean;
  readonly layout: DataLayout;
  /** Bytes of content: a file's size, a link's target, a directory's blocks. */
  readonly size: number;
  /** First block of content that is not inline. */
  readonly block: number;
  /** Its content is in memory but does not fit beside the inode: it goes to `block`. */
  readonly spilled: boolean;
  readonly xattrs: Uint8Array;
  readonly links: number;
  readonly directory: DirectoryBlocks | undefined;
}

export interface Layout {
  /** In the order of their numbers. */
  readonly inodes: readonly PlacedInode[];
  readonly byInode: ReadonlyMap<Inode, PlacedInode>;
  /** The mtime that compact inodes share. */
  readonly commonTime: Timestamp;
  /** First block of the inodes. Content that was in memory and is not inline lies before it. */
  readonly metadataBlock: number;
}

const opaqueXattr: readonly [string, Uint8Array] = ["trusted.overlay.opaque", encodePath("y")];

/**
 * Decides where every inode goes. The root comes first, because the superblock has 16 bits for its number; the inodes of a
 * directory lie together, so that listing it reads few blocks. `firstBlock` is the first free block.
 */
export function layOut(root: DirectoryInode, firstBlock: number): Layout {
  const commonTime = mostCommonTime(root);
  const inodes: PlacedInode[] = [];
  const byInode = new Map<Inode, PlacedInode>();
  let block = firstBlock;
  // Number 0 would be a valid place, but programs take it for "no file".
  let at = slotSize;
  const place = (inode: Inode, parent: DirectoryInode) => {
    const shape = shapeOf(inode, parent, commonTime);
    const head = (shape.extended ? extendedInodeSize : compactInodeSize) + shape.xattrs.length;
    const whole = head + (shape.layout === "inline" ? shape.size : 0);
    // The kernel wants inline content within one block; attributes may run on, an inode had better not.
    const together = whole <= blockSize ? whole : extendedInodeSize;
    if ((at % blockSize) + together > blockSize) at = Math.ceil(at / blockSize) * blockSize;
    const spilled = isSpilled(inode, shape);
    const placed: PlacedInode = {
      ...shape,
      inode,
      spilled,
      nid: at / slotSize,
      block: spilled ? block : blockOf(inode),
    };
    if (spilled) block += Math.ceil(shape.size / blockSize);
    inodes.push(placed);
    byInode.set(inode, placed);
    at = Math.ceil((at + whole) / slotSize) * slotSize;
  };
  place(root, root);
  const todo: DirectoryInode[] = [root];
  for (let directory = todo.pop(); directory; directory = todo.pop()) {
    const found: DirectoryInode[] = [];
    for (const child of directory.children.values()) {
      if (!byInode.has(child)) place(child, directory);
      if (child.type === "directory") found.push(child);
    }
    for (const child of found.reverse()) todo.push(child);
  }
  return { inodes, byInode, commonTime, metadataBlock: block };
}

type Shape = Omit<PlacedInode, "inode" | "nid" | "block" | "spilled">;

function shapeOf(inode: Inode, parent: DirectoryInode, commonTime: Timestamp): Shape {
  const directory = inode.type === "directory" ? sortDirectory(inode, parent) : undefined;
  const opaque = inode.type === "directory" && inode.opaque;
  const xattrs = encodeXattrs(opaque ? new Map([...inode.xattrs, opaqueXattr]) : inode.xattrs);
  const size = directory?.size ?? contentSize(inode);
  const links = inode.type === "directory" ? 2 + subdirectories(inode) : inode.links;
  const extended = !fitsCompact(inode, size, links, commonTime);
  const head = (extended ? extendedInodeSize : compactInodeSize) + xattrs.length;
  const inline = size > 0 && mayInline(inode) && head + size <= blockSize;
  return { extended, layout: inline ? "inline" : "plain", size, xattrs, links, directory };
}

function fitsCompact(inode: Inode, size: number, links: number, commonTime: Timestamp): boolean {
  if (inode.mtime && !sameTime(inode.mtime, commonTime)) return false;
  return inode.uid <= 0xffff && inode.gid <= 0xffff && links <= 0xffff && size <= 0xffffffff;
}

function mayInline(inode: Inode): boolean {
  return inode.type === "file" ? "inline" in inode.content : inode.type === "directory" || inode.type === "symlink";
}

function contentSize(inode: Inode): number {
  if (inode.type === "file") return inode.size;
  return inode.type === "symlink" ? encodePath(inode.target).length : 0;
}

function isSpilled(inode: Inode, shape: Shape): boolean {
  return shape.layout === "plain" && shape.size > 0 && mayInline(inode);
}

function blockOf(inode: Inode): number {
  return inode.type === "file" && "block" in inode.content ? inode.content.block : 0;
}

function subdirectories(directory: DirectoryInode): number {
  let count = 0;
  for (const child of directory.children.values()) if (child.type === "directory") count++;
  return count;
}

function sameTime(a: Timestamp, b: Timestamp): boolean {
  return a.seconds === b.seconds && a.nanoseconds === b.nanoseconds;
}

function mostCommonTime(root: DirectoryInode): Timestamp {
  const counts = new Map<string, { time: Timestamp; count: number }>();
  let best = { time: { seconds: 0, nanoseconds: 0 }, count: 0 };
  const todo: Inode[] = [root];
  for (let inode = todo.pop(); inode; inode = todo.pop()) {
    if (inode.type === "directory") for (const child of inode.children.values()) todo.push(child);
    if (!inode.mtime) continue;
    const key = `${inode.mtime.seconds}.${inode.mtime.nanoseconds}`;
    const entry = counts.get(key) ?? { time: inode.mtime, count: 0 };
    entry.count++;
    counts.set(key, entry);
    if (entry.count > best.count) best = entry;
  }
  return best.time;
}
