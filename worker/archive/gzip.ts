import { createCRC32, type IHasher } from "hash-wasm";
import { invalidParameter } from "../errdefs/errors.ts";
import type { Decoder } from "./decoder.ts";
import { type Emit, Inflater, padding } from "./inflate.ts";

/** A header longer than this is not one (RFC 1952 bounds only its extra field, to 64 KiB). */
const longestHeader = 128 * 1024;
const trailerSize = 8;

/**
 * Decodes gzip (RFC 1952): any number of members in a row, each checked against its CRC and length. Zero bytes behind the
 * last member are padding; anything else there is an error, as it is for Docker. An early end is an error.
 */
export async function createGzipDecoder(): Promise<Decoder> {
  return new GzipDecoder(await createCRC32());
}

class GzipDecoder implements Decoder {
  readonly #inflater = new Inflater();
  readonly #crc: IHasher;
  #state: "header" | "body" | "trailer" | "padding" = "header";
  /** Input that was not decoded yet. */
  #rest: Uint8Array = new Uint8Array(0);
  #members = 0;
  /** Decoded bytes of this member, modulo 2^32. */
  #size = 0;

  constructor(crc: IHasher) {
    this.#crc = crc;
  }

  push(chunk: Uint8Array, emit: Emit): void {
    const input = concat(this.#rest, chunk);
    this.#rest = input.subarray(this.#decode(input, undefined, emit));
  }

  finish(emit: Emit): void {
    const end = this.#rest.length;
    const input = new Uint8Array(end + padding);
    input.set(this.#rest);
    const stopped = this.#decode(input, end, emit);
    const between = this.#state === "padding" || (this.#state === "header" && this.#members > 0 && stopped === end);
    if (!between) throw invalidParameter("unexpected EOF");
  }

  /** Decodes as far as it can and answers where it stopped. `end` is given with the last input. */
  #decode(input: Uint8Array, end: number | undefined, emit: Emit): number {
    const size = end ?? input.length;
    let at = 0;
    while (true) {
      const before = at;
      const state = this.#state;
      if (state === "header") at = this.#header(input, at, size);
      else if (state === "body") at = this.#body(input, at, end, emit);
      else if (state === "trailer") at = this.#trailer(input, at, size);
      else at = skipZeros(input, at, size);
      if (at === before && state === this.#state) return at;
    }
  }

  #header(input: Uint8Array, at: number, size: number): number {
    if (at === size) return at;
    if (this.#members > 0 && input[at] === 0) {
      this.#state = "padding";
      return at;
    }
    const length = headerLength(input.subarray(at, size));
    if (length === undefined) return at;
    this.#state = "body";
    this.#size = 0;
    this.#crc.init();
    this.#inflater.reset();
    return at + length;
  }

  #body(input: Uint8Array, at: number, end: number | undefined, emit: Emit): number {
    const next = this.#inflater.run(input, at, end, (bytes) => {
      this.#crc.update(bytes);
      this.#size = (this.#size + bytes.length) >>> 0;
      emit(bytes);
    });
    if (this.#inflater.done) this.#state = "trailer";
    return next;
  }

  #trailer(input: Uint8Array, at: number, size: number): number {
    if (size - at < trailerSize) return at;
    const view = new DataView(input.buffer, input.byteOffset + at, trailerSize);
    const crc = Number.parseInt(this.#crc.digest("hex"), 16);
    if (view.getUint32(0, true) !== crc || view.getUint32(4, true) !== this.#size) {
      throw invalidParameter("gzip: invalid checksum");
    }
    this.#members++;
    this.#state = "header";
    return at + trailerSize;
  }
}

function skipZeros(input: Uint8Array, at: number, size: number): number {
  let place = at;
  while (place < size && input[place] === 0) place++;
  if (place < size) throw invalidParameter("gzip: invalid header");
  return place;
}

const flagHeaderCrc = 2;
const flagExtra = 4;
const flagName = 8;
const flagComment = 16;
const reservedFlags = 0xe0;

/** Bytes of the member header that `input` starts with, or undefined while it is incomplete. */
function headerLength(input: Uint8Array): number | undefined {
  const known = [0x1f, 0x8b, 8];
  if (known.some((byte, index) => index < input.length && input[index] !== byte)) {
    throw invalidParameter("gzip: invalid header");
  }
  if (input.length < 10) return undefined;
  const flags = input[3] ?? 0;
  if (flags & reservedFlags) throw invalidParameter("gzip: invalid header");
  let length = 10;
  if (flags & flagExtra) {
    if (input.length < 12) return undefined;
    length = 12 + ((input[10] ?? 0) | ((input[11] ?? 0) << 8));
  }
  for (const flag of [flagName, flagComment]) {
    if (!(flags & flag)) continue;
    const zero = length < input.length ? input.indexOf(0, length) : -1;
    if (zero < 0) return incomplete(input);
    length = zero + 1;
  }
  if (flags & flagHeaderCrc) length += 2;
  return length <= input.length ? length : incomplete(input);
}

function incomplete(input: Uint8Array): undefined {
  if (input.length > longestHeader) throw invalidParameter("gzip: invalid header");
  return undefined;
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
