import { encodePath } from "../../archive/tar/path-text.ts";
import type { FileWriter } from "../../content/files.ts";
import type { DirectoryInode, FileInode } from "../layer-tree.ts";
import { BlockWriter } from "./block-writer.ts";
import { encodeDirectoryBlock } from "./directory.ts";
import {
  blockSize,
  encodeDevice,
  encodeInode,
  encodeSuperblock,
  slotSize,
  superblockOffset,
  typeBits,
} from "./format.ts";
import { type Layout, layOut, type PlacedInode } from "./layout.ts";

/**
 * Files of at most this size are kept beside their inode: reading one then costs no block of its own. Larger ones are not,
 * because they would push the inodes apart, and walking a tree reads every block that holds inodes.
 */
const largestInline = 1024;
/** Bytes of such files that are kept in memory until the inodes are written; what comes later gets blocks. */
const inlineBudget = 16 * 1024 * 1024;

/** Content of a file, piece by piece; undefined at its end. */
export type PullContent = () => Promise<Uint8Array | undefined>;

export interface ErofsImage {
  /** Bytes. */
  readonly size: number;
  readonly inodes: number;
}

/**
 * Writes an EROFS image in one pass: contents as they come, then large directories, then inodes; the superblock, at the
 * front, is filled in last. Only metadata and small files are in memory.
 */
export class ErofsWriter {
  readonly #out: FileWriter;
  readonly #blocks: BlockWriter;
  #inlined = 0;

  constructor(out: FileWriter) {
    this.#out = out;
    this.#blocks = new BlockWriter(out);
  }

  /** Stores the content of a file and notes in the inode where it is. */
  async file(inode: FileInode, pull: PullContent): Promise<void> {
    if (this.#blocks.position === 0) await this.#blocks.padTo(blockSize);
    if (inode.size <= largestInline && this.#inlined + inode.size <= inlineBudget) {
      this.#inlined += inode.size;
      inode.content = { inline: await gather(pull, inode.size) };
      return;
    }
    inode.content = { block: this.#blocks.blocks };
    for (let some = await pull(); some; some = await pull()) await this.#blocks.write(some);
    await this.#blocks.padBlock();
  }

  /** Writes everything else. What `label` makes of the image's size goes into the first 1024 bytes, which EROFS leaves to others. */
  async finish(root: DirectoryInode, label: (imageSize: number) => Uint8Array): Promise<ErofsImage> {
    const blocks = this.#blocks;
    if (blocks.position === 0) await blocks.padTo(blockSize);
    const layout = layOut(root, blocks.blocks);
    for (const placed of layout.inodes) {
      if (!placed.spilled) continue;
      for (const part of contentParts(placed, layout)) await blocks.write(part);
      await blocks.padBlock();
    }
    const metadata = layout.metadataBlock * blockSize;
    for (const placed of layout.inodes) {
      await blocks.padTo(metadata + placed.nid * slotSize);
      await blocks.write(inodeBytes(placed, layout));
      await blocks.write(placed.xattrs);
      if (placed.layout === "inline") for (const part of contentParts(placed, layout)) await blocks.write(part);
    }
    await blocks.padBlock();
    await blocks.flush();
    const start = label(blocks.position);
    if (start.length > superblockOffset) throw new RangeError(`label of ${start.length} bytes`);
    await this.#out.patch(0, start);
    const { seconds, nanoseconds } = layout.commonTime;
    const superblock = encodeSuperblock({
      rootNid: layout.byInode.get(root)?.nid ?? 0,
      inodes: layout.inodes.length,
      seconds,
      nanoseconds,
      blocks: blocks.blocks,
      metadataBlock: layout.metadataBlock,
    });
    await this.#out.patch(superblockOffset, superblock);
    return { size: blocks.position, inodes: layout.inodes.length };
  }
}

/** Content that is in memory: of small files, links and directories. */
function* contentParts(placed: PlacedInode, layout: Layout): Generator<Uint8Array> {
  const { inode } = placed;
  if (inode.type === "symlink") yield encodePath(inode.target);
  if (inode.type === "file" && "inline" in inode.content) yield inode.content.inline;
  let left = placed.size;
  for (const names of placed.directory?.blocks ?? []) {
    yield encodeDirectoryBlock(names, (child) => nidOf(layout, child), Math.min(left, blockSize));
    left -= blockSize;
  }
}

function nidOf(layout: Layout, inode: PlacedInode["inode"]): number {
  const placed = layout.byInode.get(inode);
  if (!placed) throw new Error("inode has no place");
  return placed.nid;
}

function inodeBytes(placed: PlacedInode, layout: Layout): Uint8Array {
  const { inode } = placed;
  const time = inode.mtime ?? layout.commonTime;
  const device = "major" in inode;
  return encodeInode({
    extended: placed.extended,
    layout: placed.layout,
    mode: typeBits[inode.type] | inode.mode,
    links: placed.links,
    size: placed.size,
    address: device ? encodeDevice(inode.major, inode.minor) : placed.block,
    number: placed.nid,
    uid: inode.uid,
    gid: inode.gid,
    seconds: time.seconds,
    nanoseconds: time.nanoseconds,
    xattrBytes: placed.xattrs.length,
  });
}

async function gather(pull: PullContent, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (let some = await pull(); some; some = await pull()) {
    bytes.set(some, at);
    at += some.length;
  }
  return bytes;
}
