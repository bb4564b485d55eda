import { ProtocolError } from "./frames.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes the protocols' little-endian fields into one growing buffer. */
export class WireWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    // First: growing replaces the view.
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value >>> 0, true);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, value), true);
    return this;
  }

  /** Seconds and nanoseconds. */
  time(date: Date): this {
    const milliseconds = date.getTime();
    const seconds = Math.floor(milliseconds / 1000);
    return this.u64(BigInt(seconds)).u32(Math.floor((milliseconds - seconds * 1000) * 1e6));
  }

  raw(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  /** Throws TypeError when the text holds a NUL: the guest's kernel could not take it. */
  string(text: string): this {
    if (text.includes("\0")) throw new TypeError(`Cannot send ${JSON.stringify(text)} to the guest: it holds a NUL`);
    return this.bytes(encoder.encode(text)).u8(0);
  }

  strings(texts: readonly string[]): this {
    this.u32(texts.length);
    for (const text of texts) this.string(text);
    return this;
  }

  /** Overwrites a number that was written before. */
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  /** What was written; it aliases the writer's buffer. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #room(length: number): number {
    const at = this.#length;
    if (at + length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, at + length));
      grown.set(this.finish());
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = at + length;
    return at;
  }
}

/** Reads fields from an untrusted payload: what is missing or left over is a ProtocolError. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
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

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** A 64-bit number that must be safe as a double. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ProtocolError(`number out of range: ${value}`);
    return Number(value);
  }

  time(): Date {
    const seconds = this.u64();
    const nanoseconds = this.u32();
    const date = new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
    if (nanoseconds >= 1e9 || Number.isNaN(date.getTime())) throw new ProtocolError("time out of range");
    return date;
  }

  /** All that is left. */
  rest(): Uint8Array {
    const at = this.#at;
    this.#at = this.#bytes.length;
    return this.#bytes.subarray(at);
  }

  restAsText(): string {
    return decoder.decode(this.rest());
  }

  /** Says that nothing may be left. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new ProtocolError(`${this.#bytes.length - this.#at} bytes too many`);
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new ProtocolError("payload too short");
    this.#at = at + length;
    return at;
  }
}
