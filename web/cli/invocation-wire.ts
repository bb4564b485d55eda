import { ByteQueue } from "../../worker/internal/byte-queue.ts";

/** Frames of the invocation protocol (kernel-image/protocol.md); kernel-image/docker/invocation.h is the other side. */
export const INVOCATION_VERSION = 1;
export const FRAME_MAX = 65536;
const HEADER = 12;

/** From the program. */
export const From = { START: 1, STRINGS: 2, STDIN: 3, STDIN_END: 4, SIGNAL: 5, SIZE: 6, RESULT: 7 } as const;
/** To the program; from RAW on they are requests, which it answers. */
export const To = {
  STDOUT: 32,
  STDERR: 33,
  WANT: 34,
  EXIT: 35,
  RAW: 64,
  READ: 65,
  WRITE: 66,
  APPEND: 67,
  STAT: 68,
  READDIR: 69,
  MKDIR: 70,
  READLINK: 71,
  REMOVE: 72,
} as const;
export const FLAG_MORE = 1;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Uint8Array;
}

/** The program broke the protocol: the invocation is given up. */
export class InvocationError extends Error {
  override readonly name = "InvocationError";
}

export function encodeFrame(type: number, id = 0, ...fields: readonly Uint8Array[]): Uint8Array {
  const length = fields.reduce((sum, field) => sum + field.length, 0);
  const bytes = new Uint8Array(HEADER + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint32(8, id, true);
  let at = HEADER;
  for (const field of fields) {
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** Throws TypeError when the text holds a NUL. */
export function str(text: string): Uint8Array {
  if (text.includes("\0")) throw new TypeError(`Cannot send ${JSON.stringify(text)}: it holds a NUL`);
  const encoded = new TextEncoder().encode(text);
  const bytes = new Uint8Array(4 + encoded.length + 1);
  bytes.set(u32(encoded.length));
  bytes.set(encoded, 4);
  return bytes;
}

/** Reads the fields of an untrusted payload. */
export class Fields {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new InvocationError("number out of range");
    return Number(value);
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#take(this.#bytes.length - this.#at));
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new InvocationError("payload too short");
    this.#at += length;
    return at;
  }
}

/** Cuts a byte stream into frames; holds at most one incomplete frame and one chunk. */
export async function* readFrames(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Frame, void, void> {
  const held = new ByteQueue();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    held.push(read.value);
    while (held.length >= HEADER) {
      const { buffer, byteOffset } = held.bytes;
      const view = new DataView(buffer, byteOffset, HEADER);
      const length = view.getUint32(0, true);
      if (length > FRAME_MAX) throw new InvocationError(`frame of ${length} bytes`);
      if (held.length < HEADER + length) break;
      held.cut(HEADER);
      const payload = held.cut(length);
      yield { type: view.getUint16(4, true), flags: view.getUint16(6, true), id: view.getUint32(8, true), payload };
    }
  }
}
