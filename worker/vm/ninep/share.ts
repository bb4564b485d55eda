import type {
  HostAttributes,
  HostFile,
  HostFileSystem,
  HostOpenOptions,
  HostOwner,
  HostPath,
  HostStat,
  HostTree,
} from "../host-tree.ts";
import { type Qid, qidType } from "./codec.ts";
import { errno, NinepError } from "./errno.ts";
import { NinepNode, type NodeAttributes, type NodeEntry, type OpenNode, openFlag, type Rename } from "./node.ts";

const typeBits = 0o170000;
const directoryBits = 0o040000;
const symlinkBits = 0o120000;
const regularBits = 0o100000;

/** A file or folder of a shared folder. */
export class ShareNode extends NinepNode {
  readonly #tree: HostTree;
  #path: HostPath;

  constructor(tree: HostTree, path: HostPath) {
    super();
    this.#tree = tree;
    this.#path = path;
  }

  override attributes(): NodeAttributes {
    return attributesOf(this.#tree.stat(this.#path));
  }

  override walk(name: string): NinepNode {
    const path = [...this.#path, name];
    this.#tree.stat(path);
    return new ShareNode(this.#tree, path);
  }

  override list(): readonly NodeEntry[] {
    const { device } = this.#tree.stat(this.#path);
    return this.#tree.readDirectory(this.#path).map(({ name, inode, type }) => ({
      name,
      type,
      qid: qidOf(device, inode, type === 4 ? directoryBits : type === 10 ? symlinkBits : regularBits),
    }));
  }

  override open(flags: number): OpenNode {
    const { mode } = this.#tree.stat(this.#path);
    // Linux opens fifos, sockets and devices itself; one opened here could block the host.
    if ((mode & typeBits) !== regularBits) throw new NinepError(errno.EINVAL, "not a regular file");
    const options = openOptions(flags);
    if (options.write || options.truncate) this.#mustBeWritable();
    return new ShareFile(this.#tree.open(this.#path, options), this.#tree.readOnly);
  }

  override readLink(): string {
    return this.#tree.readLink(this.#path);
  }

  override create(name: string, flags: number, mode: number, owner: HostOwner): { node: NinepNode; open: OpenNode } {
    this.#mustBeWritable();
    const path = [...this.#path, name];
    const exclusive = (flags & openFlag.exclusive) !== 0;
    const file = this.#tree.create(path, { ...openOptions(flags), mode, owner, exclusive });
    return { node: new ShareNode(this.#tree, path), open: new ShareFile(file, this.#tree.readOnly) };
  }

  override makeDirectory(name: string, mode: number, owner: HostOwner): NinepNode {
    this.#mustBeWritable();
    const path = [...this.#path, name];
    this.#tree.makeDirectory(path, { mode, owner });
    return new ShareNode(this.#tree, path);
  }

  override symlink(name: string, target: string, owner: HostOwner): NinepNode {
    this.#mustBeWritable();
    const path = [...this.#path, name];
    this.#tree.symlink(path, target, owner);
    return new ShareNode(this.#tree, path);
  }

  override link(name: string, existing: NinepNode): void {
    this.#mustBeWritable();
    this.#tree.link(this.#sameTree(existing).#path, [...this.#path, name]);
  }

  override rename(name: string, directory: NinepNode, newName: string): Rename {
    this.#mustBeWritable();
    const from = [...this.#path, name];
    const to = [...this.#sameTree(directory).#path, newName];
    this.#tree.rename(from, to);
    return { within: this.#tree, from, to };
  }

  override unlink(name: string): void {
    this.#mustBeWritable();
    this.#tree.unlink([...this.#path, name]);
  }

  override removeDirectory(name: string): void {
    this.#mustBeWritable();
    this.#tree.removeDirectory([...this.#path, name]);
  }

  override parent(): { directory: NinepNode; name: string } {
    const name = this.#path.at(-1);
    if (name === undefined) throw new NinepError(errno.EINVAL, "the shared folder itself stays where it is");
    return { directory: new ShareNode(this.#tree, this.#path.slice(0, -1)), name };
  }

  override setAttributes(changes: HostAttributes): void {
    this.#mustBeWritable();
    this.#tree.setAttributes(this.#path, changes);
  }

  override renamed({ within, from, to }: Rename): void {
    if (within !== this.#tree || from.some((name, index) => this.#path[index] !== name)) return;
    this.#path = [...to, ...this.#path.slice(from.length)];
  }

  override fileSystem(): HostFileSystem {
    return this.#tree.fileSystem();
  }

  #mustBeWritable(): void {
    if (this.#tree.readOnly) throw readOnlyFolder();
  }

  #sameTree(node: NinepNode): ShareNode {
    if (node instanceof ShareNode && node.#tree === this.#tree) return node;
    throw new NinepError(errno.EXDEV, "not in the same shared folder");
  }
}

class ShareFile implements OpenNode {
  readonly #file: HostFile;
  readonly #readOnly: boolean;

  /** Mode, owner and times change through a file that is open for reading too, so `readOnly` is asked here again. */
  constructor(file: HostFile, readOnly: boolean) {
    this.#file = file;
    this.#readOnly = readOnly;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#file.read(offset, length);
  }

  write(offset: number, bytes: Uint8Array): number {
    if (this.#readOnly) throw readOnlyFolder();
    return this.#file.write(offset, bytes);
  }

  attributes(): NodeAttributes {
    return attributesOf(this.#file.stat());
  }

  setAttributes(changes: HostAttributes): void {
    if (this.#readOnly) throw readOnlyFolder();
    this.#file.setAttributes(changes);
  }

  sync(dataOnly: boolean): void {
    this.#file.sync(dataOnly);
  }

  close(): void {
    this.#file.close();
  }
}

function readOnlyFolder(): NinepError {
  return new NinepError(errno.EROFS, "the folder is shared read-only");
}

function openOptions(flags: number): HostOpenOptions {
  const access = flags & openFlag.accessMode;
  return {
    read: access !== 1,
    write: access === 1 || access === 2,
    truncate: (flags & openFlag.truncate) !== 0,
    append: (flags & openFlag.append) !== 0,
  };
}

function attributesOf(stat: HostStat): NodeAttributes {
  return { ...stat, qid: qidOf(stat.device, stat.inode, stat.mode) };
}

/** Files of a shared folder change under the guest, so their version is 0: Linux asks each time. */
function qidOf(device: bigint, inode: bigint, mode: number): Qid {
  const kind = mode & typeBits;
  const type = kind === directoryBits ? qidType.directory : kind === symlinkBits ? qidType.symlink : qidType.file;
  return { type, version: 0, path: BigInt.asUintN(64, (1n << 63n) | (((device & 0x7fffn) << 48n) ^ inode)) };
}
