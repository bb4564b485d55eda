import type { RandomAccess } from "../../internal/random-access.ts";
import { type Qid, qidType } from "./codec.ts";
import { errno, NinepError } from "./errno.ts";
import { NinepNode, type NodeAttributes, type NodeEntry, type OpenNode, openFlag } from "./node.ts";

const directoryMode = 0o040555;
const fileMode = 0o100444;
/**
 * Version 0: Linux reads the file past its page cache. The EROFS mount on top of it has a cache of its own, so a second copy
 * of everything would only fill the guest's memory (measured: half the cached bytes, for two thirds of the peak speed).
 */
const uncached = 0;

let lastPath = 0n;

/** Qid paths of the tree's own nodes stay below 2^32; those of shared folders lie above (see share.ts). */
function newQid(type: number, version: number): Qid {
  lastPath += 1n;
  return { type, version, path: lastPath };
}

/** A directory of the tree that this side makes up. */
export class PublishedDirectory extends NinepNode {
  readonly #children = new Map<string, NinepNode>();
  readonly #qid = newQid(qidType.directory, uncached);

  add(name: string, node: NinepNode): void {
    this.#children.set(name, node);
  }

  get(name: string): NinepNode | undefined {
    return this.#children.get(name);
  }

  remove(name: string): void {
    this.#children.delete(name);
  }

  override walk(name: string): NinepNode {
    const child = this.#children.get(name);
    if (!child) throw new NinepError(errno.ENOENT, `${name} is not there`);
    return child;
  }

  override list(): readonly NodeEntry[] {
    return [...this.#children].map(([name, node]) => {
      const { qid } = node;
      return { name, qid, type: qid.type === qidType.directory ? 4 : 8 };
    });
  }

  override attributes(): NodeAttributes {
    return ownedByRoot(this.#qid, directoryMode, 0);
  }
}

/** An immutable file. */
export class PublishedFile extends NinepNode implements OpenNode {
  readonly #qid = newQid(qidType.file, uncached);
  readonly #file: RandomAccess;
  #withdrawn = false;

  constructor(file: RandomAccess) {
    super();
    this.#file = file;
  }

  get size(): number {
    return this.#file.size;
  }

  /** Open handles fail from now on. */
  withdraw(): void {
    this.#withdrawn = true;
  }

  override attributes(): NodeAttributes {
    return ownedByRoot(this.#qid, fileMode, this.#file.size);
  }

  override open(flags: number): OpenNode {
    if ((flags & openFlag.accessMode) !== 0) throw new NinepError(errno.EROFS, "read-only");
    return this;
  }

  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    if (this.#withdrawn) throw new NinepError(errno.ESTALE, "withdrawn");
    const within = Math.min(length, this.#file.size - offset);
    return within > 0 ? this.#file.readAt(offset, within) : new Uint8Array();
  }

  write(): number {
    throw new NinepError(errno.EBADF, "not open for writing");
  }

  sync(): void {}

  close(): void {}
}

function ownedByRoot(qid: Qid, mode: number, size: number): NodeAttributes {
  return {
    qid,
    mode,
    uid: 0,
    gid: 0,
    links: 1,
    specialDevice: 0n,
    size,
    blockSize: 4096,
    blocks: Math.ceil(size / 512),
    accessed: 0n,
    modified: 0n,
    changed: 0n,
  };
}
