import type { HostAttributes } from "../host-tree.ts";
import { headerSize, message, type NinepReader, type NinepWriter } from "./codec.ts";
import { errno, NinepError } from "./errno.ts";
import type { Fid } from "./fids.ts";
import type { NodeAttributes, NodeEntry, OpenNode } from "./node.ts";
import type { Operation, Operations, Session } from "./operation.ts";

/** Bits of the attributes that every Linux stat asks for; all are answered, and no more. */
const basicAttributes = 0x7ffn;
const linuxMagic = 0x01021997;
const longestName = 255;
const second = 1_000_000_000n;

/** Which fields of Tsetattr are meant. */
const setMask = {
  mode: 1,
  uid: 2,
  gid: 4,
  size: 8,
  accessed: 16,
  modified: 32,
  accessedTo: 128,
  modifiedTo: 256,
} as const;

const lopen: Operation = (request, answer, { fids }) => {
  const fid = fids.get(request.uint32());
  const flags = request.uint32();
  const { qid } = fid.node;
  if (qid.type === 0x80) fids.listing(fid, []);
  else fids.opening(fid, () => fid.node.open(flags));
  answer.qid(qid).uint32(0);
};

const lcreate: Operation = (request, answer, { fids }) => {
  const fid = fids.get(request.uint32());
  const name = request.name();
  const flags = request.uint32();
  const mode = request.uint32();
  const gid = request.uint32();
  let created = fid.node;
  fids.opening(fid, () => {
    const { node, open } = fid.node.create(name, flags, mode, { uid: fid.uid, gid });
    created = node;
    return open;
  });
  fid.node = created;
  answer.qid(created.qid).uint32(0);
};

const read: Operation = (request, answer, session) => {
  const file = opened(session.fids.get(request.uint32()));
  const offset = place(request);
  const count = Math.min(request.uint32(), session.messageSize - headerSize - 4);
  const bytes = file.read(offset, count);
  const put = (got: Uint8Array) => {
    const fitting = got.length > count ? got.subarray(0, count) : got;
    answer.uint32(fitting.length).bytes(fitting);
  };
  if (bytes instanceof Uint8Array) return put(bytes);
  return bytes.then(put);
};

const write: Operation = (request, answer, { fids }) => {
  const file = opened(fids.get(request.uint32()));
  const offset = place(request);
  const bytes = request.bytes(request.uint32());
  answer.uint32(file.write(offset, bytes));
};

const fsync: Operation = (request, _answer, { fids }) => {
  const fid = fids.get(request.uint32());
  fid.open?.sync(request.uint32() !== 0);
};

const getattr: Operation = (request, answer, { fids }) => {
  const fid = fids.get(request.uint32());
  request.uint64();
  writeAttributes(answer, (fid.open ?? fid.node).attributes());
};

function writeAttributes(answer: NinepWriter, attributes: NodeAttributes): void {
  answer.uint64(basicAttributes).qid(attributes.qid);
  answer.uint32(attributes.mode).uint32(attributes.uid).uint32(attributes.gid);
  answer.uint64(attributes.links).uint64(attributes.specialDevice).uint64(attributes.size);
  answer.uint64(attributes.blockSize).uint64(attributes.blocks);
  for (const time of [attributes.accessed, attributes.modified, attributes.changed, 0n]) {
    answer.uint64(time / second).uint64(time % second);
  }
  answer.uint64(0).uint64(0);
}

const setattr: Operation = (request, _answer, { fids }) => {
  const fid = fids.get(request.uint32());
  const valid = request.uint32();
  const [mode, uid, gid] = [request.uint32(), request.uint32(), request.uint32()];
  const size = safeInteger(request.uint64());
  const accessed = request.uint64() * second + request.uint64();
  const modified = request.uint64() * second + request.uint64();
  const changes: HostAttributes = {
    ...(valid & setMask.mode && { mode: mode & 0o7777 }),
    ...(valid & setMask.uid && { uid }),
    ...(valid & setMask.gid && { gid }),
    ...(valid & setMask.size && { size }),
    ...(valid & setMask.accessed && { accessed: valid & setMask.accessedTo ? accessed : "now" }),
    ...(valid & setMask.modified && { modified: valid & setMask.modifiedTo ? modified : "now" }),
  };
  (fid.open ?? fid.node).setAttributes(changes);
};

const readdir: Operation = (request, answer, session) => {
  const fid = session.fids.get(request.uint32());
  const offset = place(request);
  const count = Math.min(request.uint32(), session.messageSize - headerSize - 4);
  if (!fid.listing) throw new NinepError(errno.EBADF, "the directory is not open");
  const listed = offset === 0 ? session.fids.listing(fid, listing(fid, session)) : fid.listing;
  const entries = encodeEntries(listed, offset, count);
  answer.uint32(entries.length).bytes(entries);
};

/** The listing is taken once and gone through by position, so that removals meanwhile skip nothing. */
function listing(fid: Fid, session: Session): readonly NodeEntry[] {
  const { qid } = fid.node;
  const up = fid.node === session.root ? qid : session.root.qid;
  return [{ name: ".", qid, type: 4 }, { name: "..", qid: up, type: 4 }, ...fid.node.list()];
}

function encodeEntries(entries: readonly NodeEntry[], from: number, room: number): Uint8Array {
  const bytes = new Uint8Array(room);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [index, { name, qid, type }] of entries.slice(from).entries()) {
    const encoded = new TextEncoder().encode(name);
    if (at + 24 + encoded.length > room) break;
    view.setUint8(at, qid.type);
    view.setUint32(at + 1, qid.version, true);
    view.setBigUint64(at + 5, qid.path, true);
    view.setBigUint64(at + 13, BigInt(from + index + 1), true);
    view.setUint8(at + 21, type);
    view.setUint16(at + 22, encoded.length, true);
    bytes.set(encoded, at + 24);
    at += 24 + encoded.length;
  }
  return bytes.subarray(0, at);
}

const readlink: Operation = (request, answer, { fids }) => {
  answer.string(fids.get(request.uint32()).node.readLink());
};

const statfs: Operation = (request, answer, { fids }) => {
  const system = fids.get(request.uint32()).node.fileSystem();
  answer.uint32(linuxMagic).uint32(system.blockSize);
  answer.uint64(system.blocks).uint64(system.blocksFree).uint64(system.blocksAvailable);
  answer.uint64(system.files).uint64(system.filesFree).uint64(0).uint32(longestName);
};

/** There is one client and its kernel has granted the lock already. */
const lock: Operation = (request, answer, { fids }) => {
  fids.get(request.uint32());
  answer.uint8(0);
};

const getlock: Operation = (request, answer, { fids }) => {
  fids.get(request.uint32());
  request.uint8();
  const unlocked = 2;
  answer.uint8(unlocked).uint64(request.uint64()).uint64(request.uint64());
  answer.uint32(request.uint32()).string(request.string());
};

const noAttributes: Operation = () => {
  throw new NinepError(errno.EOPNOTSUPP, "extended attributes are not served");
};

function opened(fid: Fid): OpenNode {
  if (!fid.open) throw new NinepError(errno.EBADF, "the fid is not open");
  return fid.open;
}

function place(request: NinepReader): number {
  return safeInteger(request.uint64());
}

function safeInteger(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new NinepError(errno.EINVAL, "out of range");
  return Number(value);
}

export const fileOperations: Operations = new Map([
  [message.lopen, lopen],
  [message.lcreate, lcreate],
  [message.read, read],
  [message.write, write],
  [message.fsync, fsync],
  [message.getattr, getattr],
  [message.setattr, setattr],
  [message.readdir, readdir],
  [message.readlink, readlink],
  [message.statfs, statfs],
  [message.lock, lock],
  [message.getlock, getlock],
  [message.xattrwalk, noAttributes],
  [message.xattrcreate, noAttributes],
]);
