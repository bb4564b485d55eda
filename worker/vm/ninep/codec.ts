import { errno, NinepError } from "./errno.ts";

/** size[4] type[1] tag[2] precede every message. All integers are little-endian. */
export const headerSize = 7;

/** Message types of 9P2000.L; each answer is the request's number plus one. */
export const message = {
  lerror: 7,
  statfs: 8,
  lopen: 12,
  lcreate: 14,
  symlink: 16,
  mknod: 18,
  rename: 20,
  readlink: 22,
  getattr: 24,
  setattr: 26,
  xattrwalk: 30,
  xattrcreate: 32,
  readdir: 40,
  fsync: 50,
  lock: 52,
  getlock: 54,
  link: 70,
  mkdir: 72,
  renameat: 74,
  unlinkat: 76,
  version: 100,
  auth: 102,
  attach: 104,
  flush: 108,
  walk: 110,
  read: 116,
  write: 118,
  clunk: 120,
  remove: 122,
} as const;

/** The server's name for a file. `version` 0 makes Linux read it past its page cache. */
export interface Qid {
  readonly type: number;
  readonly version: number;
  readonly path: bigint;
}

export const qidType = { directory: 0x80, symlink: 0x02, file: 0 } as const;

/** Reads a request. Anything that runs past its end is a protocol error. */
export class NinepReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = headerSize;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  string(): string {
    const bytes = this.bytes(this.uint16());
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new NinepError(errno.EILSEQ, "a string is not valid UTF-8");
    }
  }

  /** One component of a path: anything that could climb or skip is refused. */
  name(): string {
    const name = this.string();
    if (name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0")) {
      throw new NinepError(errno.EINVAL, `not a file name: ${JSON.stringify(name)}`);
    }
    return name;
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new NinepError(errno.EPROTO, "the request is too short");
    this.#at += length;
    return at;
  }
}

/** Writes an answer into a buffer that grows; `finish` sets the size. */
export class NinepWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = headerSize;

  constructor(type: number, tag: number, expected = 256) {
    this.#bytes = new Uint8Array(headerSize + expected);
    this.#view = new DataView(this.#bytes.buffer);
    this.#bytes[4] = type;
    this.#view.setUint16(5, tag, true);
  }

  get length(): number {
    return this.#at;
  }

  uint8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  uint16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  uint32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  uint64(value: bigint | number): this {
    const at = this.#room(8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  string(text: string): this {
    const bytes = new TextEncoder().encode(text);
    return this.uint16(bytes.length).bytes(bytes);
  }

  qid(qid: Qid): this {
    return this.uint8(qid.type).uint32(qid.version).uint64(qid.path);
  }

  finish(): Uint8Array {
    this.#view.setUint32(0, this.#at, true);
    return this.#bytes.subarray(0, this.#at);
  }

  /** Room for `length` bytes more. Called before bytes or view are looked at: both may be others then. */
  #room(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#at, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}
