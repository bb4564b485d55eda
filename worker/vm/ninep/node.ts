import type { HostAttributes, HostFileSystem, HostOwner } from "../host-tree.ts";
import type { Qid } from "./codec.ts";
import { errno, NinepError } from "./errno.ts";

/** What `Rgetattr` tells. Times are nanoseconds since 1970; `mode` holds the type bits too. */
export interface NodeAttributes {
  readonly qid: Qid;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  readonly specialDevice: bigint;
  readonly size: number;
  readonly blockSize: number;
  readonly blocks: number;
  readonly accessed: bigint;
  readonly modified: bigint;
  readonly changed: bigint;
}

export interface NodeEntry {
  readonly name: string;
  readonly qid: Qid;
  /** As in struct dirent. */
  readonly type: number;
}

/** An open file. It stays usable when its name is removed. */
export interface OpenNode {
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
  write(offset: number, bytes: Uint8Array): number;
  attributes(): NodeAttributes;
  setAttributes(changes: HostAttributes): void;
  sync(dataOnly: boolean): void;
  close(): void;
}

/** Linux's open(2) flags as 9P2000.L carries them. */
export const openFlag = { accessMode: 3, exclusive: 0o200, truncate: 0o1000, append: 0o2000 } as const;

/** What a fid stands for. This base is a read-only thing of no kind: each subclass says what it can do. */
export abstract class NinepNode {
  abstract attributes(): NodeAttributes;

  get qid(): Qid {
    return this.attributes().qid;
  }

  walk(_name: string): NinepNode {
    throw new NinepError(errno.ENOTDIR, "not a directory");
  }

  list(): readonly NodeEntry[] {
    throw new NinepError(errno.ENOTDIR, "not a directory");
  }

  open(_flags: number): OpenNode {
    throw new NinepError(errno.EINVAL, "not a regular file");
  }

  readLink(): string {
    throw new NinepError(errno.EINVAL, "not a symlink");
  }

  /** Creates and opens a file beneath this directory. */
  create(_name: string, _flags: number, _mode: number, _owner: HostOwner): { node: NinepNode; open: OpenNode } {
    throw readOnly();
  }

  makeDirectory(_name: string, _mode: number, _owner: HostOwner): NinepNode {
    throw readOnly();
  }

  symlink(_name: string, _target: string, _owner: HostOwner): NinepNode {
    throw readOnly();
  }

  /** Makes `name` in this directory a hard link to `existing`. */
  link(_name: string, _existing: NinepNode): void {
    throw readOnly();
  }

  /** Moves `name` of this directory to `newName` in `directory`. */
  rename(_name: string, _directory: NinepNode, _newName: string): Rename {
    throw readOnly();
  }

  unlink(_name: string): void {
    throw readOnly();
  }

  removeDirectory(_name: string): void {
    throw readOnly();
  }

  /** The directory that holds this node and its name there, for the requests that name a node by its own fid. */
  parent(): { directory: NinepNode; name: string } {
    throw readOnly();
  }

  setAttributes(_changes: HostAttributes): void {
    throw readOnly();
  }

  /** Something was renamed: a node that lies at or below it follows. */
  renamed(_rename: Rename): void {}

  fileSystem(): HostFileSystem {
    return { blockSize: 4096, blocks: 0n, blocksFree: 0n, blocksAvailable: 0n, files: 0n, filesFree: 0n };
  }
}

/** A rename that took place in the tree `within`. */
export interface Rename {
  readonly within: unknown;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

function readOnly(): NinepError {
  return new NinepError(errno.EROFS, "read-only");
}
