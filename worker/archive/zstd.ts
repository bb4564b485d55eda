import { Decompress } from "fzstd";
import { errorMessage, invalidParameter } from "../errdefs/errors.ts";
import type { Decoder, Emit } from "./decoder.ts";

/** The largest window that is accepted, bytes: what `zstd --ultra -22` needs. It is allocated as soon as a frame asks. */
const largestWindow = 128 * 1024 * 1024;

/** The longest frame header (RFC 8878, 3.1.1.1): magic, descriptor, window, dictionary id, content size. */
const longestHeader = 18;

/**
 * Decodes Zstandard (RFC 8878): any number of frames, skippable ones too. The decoder below checks neither the size of
 * the window nor the checksum of the content: the first is checked here, before it allocates; the second is left to
 * whoever verifies the digest of the content.
 */
export function createZstdDecoder(): Decoder {
  return new ZstdDecoder();
}

class ZstdDecoder implements Decoder {
  #emit: Emit = () => undefined;
  readonly #decompress = new Decompress((bytes) => {
    if (bytes.length > 0) this.#emit(bytes);
  });
  readonly #frames = new FrameHeaders();

  push(chunk: Uint8Array, emit: Emit): void {
    this.#frames.check(chunk);
    this.#run(chunk, false, emit);
  }

  finish(emit: Emit): void {
    this.#run(new Uint8Array(0), true, emit);
  }

  #run(chunk: Uint8Array, final: boolean, emit: Emit): void {
    this.#emit = emit;
    try {
      this.#decompress.push(chunk, final);
    } catch (error) {
      // What `emit` threw is its own matter.
      if (error instanceof Error && error.name !== "Error" && error.name !== "RangeError") throw error;
      const text = errorMessage(error);
      throw invalidParameter(/unexpected eof/i.test(text) ? "unexpected EOF" : `zstd: ${text}`, { cause: error });
    }
  }
}

const magic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/** Walks frames and blocks without decoding them, only to see each frame's header before the decoder does. */
class FrameHeaders {
  /** Bytes of a header that is not whole yet. */
  #pending: Uint8Array = new Uint8Array(0);
  #skip = 0;
  #next: "frame" | "block" = "frame";
  #checksum = false;

  check(chunk: Uint8Array): void {
    let input = chunk;
    while (input.length > 0) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, input.length);
        this.#skip -= skipped;
        input = input.subarray(skipped);
        continue;
      }
      const wanted = (this.#next === "frame" ? longestHeader : 3) - this.#pending.length;
      const joined = new Uint8Array(this.#pending.length + Math.min(wanted, input.length));
      joined.set(this.#pending);
      joined.set(input.subarray(0, joined.length - this.#pending.length), this.#pending.length);
      const used = this.#next === "frame" ? this.#frame(joined) : this.#block(joined);
      if (used === undefined) {
        this.#pending = joined;
        input = input.subarray(wanted);
      } else {
        input = input.subarray(used - this.#pending.length);
        this.#pending = new Uint8Array(0);
      }
    }
  }

  /** Answers the size of the header, or undefined while it is incomplete. */
  #frame(header: Uint8Array): number | undefined {
    if (header.length < 5) return undefined;
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    const found = view.getUint32(0, true);
    if (found >>> 4 === skippableMagic >>> 4) {
      if (header.length < 8) return undefined;
      this.#skip = view.getUint32(4, true);
      return 8;
    }
    if (found !== magic) throw invalidParameter("zstd: invalid input: magic number mismatch");
    const descriptor = view.getUint8(4);
    const single = (descriptor & 0x20) !== 0;
    const sizeCode = descriptor >> 6;
    const sizeBytes = sizeCode === 0 ? Number(single) : 1 << sizeCode;
    const idBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
    const length = 5 + Number(!single) + idBytes + sizeBytes;
    if (header.length < length) return undefined;
    const window = single ? contentSize(view, length - sizeBytes, sizeBytes) : windowSize(view.getUint8(5));
    if (window > largestWindow) {
      throw invalidParameter(`zstd: window size exceeded: expected at most ${largestWindow} bytes, got ${window}`);
    }
    this.#checksum = (descriptor & 4) !== 0;
    this.#next = "block";
    return length;
  }

  #block(header: Uint8Array): number | undefined {
    if (header.length < 3) return undefined;
    const word = (header[0] ?? 0) | ((header[1] ?? 0) << 8) | ((header[2] ?? 0) << 16);
    const repeated = ((word >> 1) & 3) === 1;
    this.#skip = repeated ? 1 : word >> 3;
    if (word & 1) {
      this.#next = "frame";
      if (this.#checksum) this.#skip += 4;
    }
    return 3;
  }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function contentSize(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  if (bytes === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}
