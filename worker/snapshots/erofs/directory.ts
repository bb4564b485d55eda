import { compareBytes, encodePath } from "../../archive/tar/path-text.ts";
import type { DirectoryInode, Inode } from "../layer-tree.ts";
import { blockSize, entryTypes } from "./format.ts";

const direntSize = 12;

/** One name in a directory. */
export interface DirectoryName {
  readonly name: Uint8Array;
  readonly inode: Inode;
}

/**
 * A directory's names in the kernel's order (it searches them by halves), split into blocks: each block holds its
 * entries, then their names, and can be searched on its own.
 */
export interface DirectoryBlocks {
  readonly blocks: readonly (readonly DirectoryName[])[];
  /** Bytes, with the last block cut behind its last name. */
  readonly size: number;
}

export function sortDirectory(directory: DirectoryInode, parent: DirectoryInode): DirectoryBlocks {
  const names: DirectoryName[] = [
    { name: encodePath("."), inode: directory },
    { name: encodePath(".."), inode: parent },
  ];
  for (const [name, inode] of directory.children) names.push({ name: encodePath(name), inode });
  names.sort((a, b) => compareBytes(a.name, b.name));
  const blocks: DirectoryName[][] = [];
  let block: DirectoryName[] = [];
  let used = blockSize;
  for (const entry of names) {
    const length = direntSize + entry.name.length;
    if (used + length > blockSize) {
      block = [];
      blocks.push(block);
      used = 0;
    }
    block.push(entry);
    used += length;
  }
  return { blocks, size: (blocks.length - 1) * blockSize + used };
}

/** Encodes one block of names; `length` is the block's size, or less for the last one. */
export function encodeDirectoryBlock(
  names: readonly DirectoryName[],
  nidOf: (inode: Inode) => number,
  length: number,
): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let nameAt = names.length * direntSize;
  for (const [index, { name, inode }] of names.entries()) {
    const at = index * direntSize;
    view.setBigUint64(at, BigInt(nidOf(inode)), true);
    view.setUint16(at + 8, nameAt, true);
    view.setUint8(at + 10, entryTypes[inode.type]);
    bytes.set(name, nameAt);
    nameAt += name.length;
  }
  return bytes;
}
