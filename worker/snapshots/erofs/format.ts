import { invalidParameter } from "../../errdefs/errors.ts";

/**
 * The EROFS on-disk format as far as a read-only image without compression needs it (Linux 6.12, fs/erofs/erofs_fs.h; the
 * format is described in Documentation/filesystems/erofs.rst). All integers are little-endian.
 */
const blockBits = 12;
export const blockSize = 1 << blockBits;
/** An inode's number is its distance from the start of the metadata in units of this many bytes. */
export const slotSize = 32;
export const compactInodeSize = 32;
export const extendedInodeSize = 64;
/** What comes before it is left to boot loaders. */
export const superblockOffset = 1024;
const superblockSize = 128;
const superblockMagic = 0xe0f5e1e2;
const featureMtime = 2;

export const typeBits = {
  fifo: 0o010000,
  char: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
} as const;

/** The type that a directory entry states (EROFS_FT_*, the same as FT_* of the kernel). */
export const entryTypes = { file: 1, directory: 2, char: 3, block: 4, fifo: 5, symlink: 7 } as const;

export interface Superblock {
  readonly rootNid: number;
  readonly inodes: number;
  /** The mtime of compact inodes. */
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly blocks: number;
  readonly metadataBlock: number;
}

export function encodeSuperblock(superblock: Superblock): Uint8Array {
  const bytes = new Uint8Array(superblockSize);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, superblockMagic, true);
  view.setUint32(8, featureMtime, true);
  view.setUint8(12, blockBits);
  view.setUint16(14, superblock.rootNid, true);
  view.setBigUint64(16, BigInt(superblock.inodes), true);
  view.setBigInt64(24, BigInt(superblock.seconds), true);
  view.setUint32(32, superblock.nanoseconds, true);
  view.setUint32(36, superblock.blocks, true);
  view.setUint32(40, superblock.metadataBlock, true);
  return bytes;
}

/** `plain`: whole blocks from `address` on. `inline`: the content follows the inode and its attributes. */
export type DataLayout = "plain" | "inline";
const layoutNumbers: Readonly<Record<DataLayout, number>> = { plain: 0, inline: 2 };

export interface EncodedInode {
  readonly extended: boolean;
  readonly layout: DataLayout;
  /** Type and permissions. */
  readonly mode: number;
  readonly links: number;
  readonly size: number;
  /** First block of the content, or the device number. */
  readonly address: number;
  /** For 32-bit programs only. */
  readonly number: number;
  readonly uid: number;
  readonly gid: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Bytes of extended attributes that follow, a multiple of 4. */
  readonly xattrBytes: number;
}

export function encodeInode(inode: EncodedInode): Uint8Array {
  const bytes = new Uint8Array(inode.extended ? extendedInodeSize : compactInodeSize);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Number(inode.extended) | (layoutNumbers[inode.layout] << 1), true);
  view.setUint16(2, inode.xattrBytes === 0 ? 0 : (inode.xattrBytes - xattrHeaderSize) / 4 + 1, true);
  view.setUint16(4, inode.mode, true);
  view.setUint32(16, inode.address, true);
  view.setUint32(20, inode.number, true);
  if (inode.extended) {
    view.setBigUint64(8, BigInt(inode.size), true);
    view.setUint32(24, inode.uid, true);
    view.setUint32(28, inode.gid, true);
    view.setBigInt64(32, BigInt(inode.seconds), true);
    view.setUint32(40, inode.nanoseconds, true);
    view.setUint32(44, inode.links, true);
  } else {
    view.setUint16(6, inode.links, true);
    view.setUint32(8, inode.size, true);
    view.setUint16(24, inode.uid, true);
    view.setUint16(26, inode.gid, true);
  }
  return bytes;
}

/** A device number as the kernel's new_encode_dev() packs it. */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}

const xattrHeaderSize = 12;
const xattrEntrySize = 4;
/** The kernel's XATTR_NAME_MAX, and what 16 bits hold. */
const longestXattrName = 255;
const longestXattrValue = 65535;
/** All attributes of an inode: what its 16-bit count of words holds. */
const largestXattrs = xattrHeaderSize + 4 * 65534;

const xattrPrefixes: readonly (readonly [prefix: string, index: number])[] = [
  ["user.", 1],
  ["system.posix_acl_access", 2],
  ["system.posix_acl_default", 3],
  ["trusted.", 4],
  ["security.", 6],
];

/**
 * Extended attributes as they follow an inode; empty when there are none. Names of unknown kinds are left out, as unpacking
 * on a file system that has no such kind would do. Throws `InvalidParameter` when they are too long.
 */
export function encodeXattrs(xattrs: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const entries: Uint8Array[] = [];
  for (const [name, value] of xattrs) {
    const kind = xattrPrefixes.find(([prefix]) => (prefix.endsWith(".") ? name.startsWith(prefix) : name === prefix));
    if (!kind) continue;
    const [prefix, index] = kind;
    const rest = new TextEncoder().encode(name.slice(prefix.length));
    if (rest.length + prefix.length > longestXattrName)
      throw invalidParameter(`xattr ${name}: numerical result out of range`);
    if (value.length > longestXattrValue) throw invalidParameter(`xattr ${name}: argument list too long`);
    if (rest.length === 0 && prefix.endsWith(".")) continue;
    const entry = new Uint8Array(Math.ceil((xattrEntrySize + rest.length + value.length) / 4) * 4);
    entry[0] = rest.length;
    entry[1] = index;
    new DataView(entry.buffer).setUint16(2, value.length, true);
    entry.set(rest, xattrEntrySize);
    entry.set(value, xattrEntrySize + rest.length);
    entries.push(entry);
  }
  if (entries.length === 0) return new Uint8Array(0);
  const bytes = new Uint8Array(entries.reduce((total, entry) => total + entry.length, xattrHeaderSize));
  if (bytes.length > largestXattrs) throw invalidParameter("xattrs of one file: no space left on device");
  let at = xattrHeaderSize;
  for (const entry of entries) {
    bytes.set(entry, at);
    at += entry.length;
  }
  return bytes;
}
