import { invalidParameter } from "../errdefs/errors.ts";
import {
  buildTable,
  distanceBits,
  distances,
  type HuffmanTable,
  kindEnd,
  kindLink,
  kindLiteral,
  kindMask,
  lengthCodes,
  literalBits,
  literals,
  tableSize,
} from "./huffman.ts";

/** Called with decoded bytes, which it may keep. */
export type Emit = (bytes: Uint8Array) => void;

/** Bytes that must lie ahead so that a step need not ask for more: one symbol, and the header of a dynamic block. */
const symbolMargin = 16;
const headerMargin = 640;
/** Zero bytes that the caller puts behind the last input, so that a step may read past its end. */
export const padding = headerMargin + symbolMargin;

const windowSize = 32768;
const bufferSize = windowSize + 131072;
const longestMatch = 258;
const lengthCodeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

type State = "block" | "stored" | "codes" | "done";

/**
 * Decodes one DEFLATE stream (RFC 1951) that arrives in pieces. It exists because a layer may be several gzip members in
 * a row: decoders that come with the environment either stop at the end of the first or do not say where that was, and
 * differ between browsers; this one tells the caller exactly where the stream ended.
 */
export class Inflater {
  readonly #out = new Uint8Array(bufferSize);
  readonly #literals: HuffmanTable = new Int32Array(tableSize);
  readonly #distances: HuffmanTable = new Int32Array(tableSize);
  readonly #lengths = new Uint8Array(320);
  #state: State = "block";
  #last = false;
  #stored = 0;
  #bits = 0;
  #count = 0;
  /** Where the next byte goes, and up to where bytes were emitted. */
  #at = 0;
  #emitted = 0;
  #in: Uint8Array = new Uint8Array(0);
  #pos = 0;

  /** Whether the stream has ended. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Makes it ready for another stream. */
  reset(): void {
    this.#state = "block";
    this.#last = false;
    this.#bits = 0;
    this.#count = 0;
    this.#at = 0;
    this.#emitted = 0;
  }

  /**
   * Decodes `input` from `from` on and answers how far it came: the end of the stream when `done`, else the place from
   * which the caller must offer the bytes again with more behind them. `end` is where the input ends when nothing more
   * will come (`padding` bytes of zero must follow it), else undefined. Throws `InvalidParameter` for a corrupt stream.
   */
  run(input: Uint8Array, from: number, end: number | undefined, emit: Emit): number {
    this.#in = input;
    this.#pos = from;
    try {
      while (!this.done && this.#advance(end, emit));
    } catch (error) {
      // Behind the end there are only zeros, which then looked like a fault of the stream.
      if (this.#consumed() > (end ?? Number.POSITIVE_INFINITY)) throw invalidParameter("unexpected EOF");
      throw error;
    }
    this.#giveBack();
    if (end !== undefined && (!this.done || this.#pos > end)) throw invalidParameter("unexpected EOF");
    this.#emit(emit);
    return this.#pos;
  }

  /** One step; answers false when it needs more input. */
  #advance(end: number | undefined, emit: Emit): boolean {
    const length = this.#in.length;
    if (this.#state === "codes") return this.#codes(length - symbolMargin, emit);
    if (this.#state === "stored") return this.#copyStored(end ?? this.#in.length, emit);
    if (this.#pos > length - headerMargin) return false;
    this.#blockHeader();
    return true;
  }

  #blockHeader(): void {
    this.#last = this.#take(1) === 1;
    const type = this.#take(2);
    if (type === 0) {
      this.#align();
      const size = this.#take(16);
      if (this.#take(16) !== (size ^ 0xffff)) throw invalidParameter("flate: corrupt input: stored length");
      this.#align();
      this.#stored = size;
      this.#state = "stored";
    } else if (type === 1) {
      this.#fixedCodes();
      this.#state = "codes";
    } else if (type === 2) {
      this.#dynamicCodes();
      this.#state = "codes";
    } else {
      throw invalidParameter("flate: corrupt input: block type 3");
    }
  }

  #fixedCodes(): void {
    const lengths = this.#lengths;
    lengths.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288).fill(5, 288, 320);
    buildTable(this.#literals, literalBits, literals, lengths, 0, 288);
    buildTable(this.#distances, distanceBits, distances, lengths, 288, 320);
  }

  #dynamicCodes(): void {
    const literalCount = this.#take(5) + 257;
    const distanceCount = this.#take(5) + 1;
    const codeCount = this.#take(4) + 4;
    if (literalCount > 286 || distanceCount > 30) throw invalidParameter("flate: corrupt input: too many codes");
    const lengths = this.#lengths;
    lengths.fill(0, 0, 19);
    for (const [index, symbol] of lengthCodeOrder.entries()) if (index < codeCount) lengths[symbol] = this.#take(3);
    buildTable(this.#literals, 7, lengthCodes, lengths, 0, 19);
    const total = literalCount + distanceCount;
    for (let at = 0; at < total; ) at = this.#codeLength(at, total);
    if (lengths[256] === 0) throw invalidParameter("flate: corrupt input: no end of block");
    buildTable(this.#literals, literalBits, literals, lengths, 0, literalCount);
    buildTable(this.#distances, distanceBits, distances, lengths, literalCount, total);
  }

  /** Reads one code length, or a run of them, for place `at`; answers the next place. */
  #codeLength(at: number, total: number): number {
    this.#fill();
    const entry = this.#literals[this.#bits & 127] ?? 0;
    if (entry === 0) throw invalidParameter("flate: corrupt input: code length");
    this.#drop(entry & 15);
    const symbol = entry >> 16;
    const lengths = this.#lengths;
    if (symbol < 16) {
      lengths[at] = symbol;
      return at + 1;
    }
    if (symbol === 16 && at === 0) throw invalidParameter("flate: corrupt input: nothing to repeat");
    const value = symbol === 16 ? (lengths[at - 1] ?? 0) : 0;
    const times = symbol === 16 ? 3 + this.#take(2) : symbol === 17 ? 3 + this.#take(3) : 11 + this.#take(7);
    if (at + times > total) throw invalidParameter("flate: corrupt input: too many lengths");
    lengths.fill(value, at, at + times);
    return at + times;
  }

  #copyStored(end: number, emit: Emit): boolean {
    while (this.#stored > 0) {
      const available = Math.min(this.#stored, end - this.#pos, bufferSize - this.#at);
      if (available <= 0 && end <= this.#pos) return false;
      this.#out.set(this.#in.subarray(this.#pos, this.#pos + available), this.#at);
      this.#pos += available;
      this.#at += available;
      this.#stored -= available;
      if (this.#at === bufferSize) this.#slide(emit);
    }
    this.#endBlock();
    return true;
  }

  /**
   * Decodes symbols until the block ends or `limit` is passed: the loop where all the time goes, so it works on local
   * variables, in whole integers, and checks room only once a symbol.
   */
  #codes(limit: number, emit: Emit): boolean {
    const input = this.#in;
    const out = this.#out;
    const literalTable = this.#literals;
    const distanceTable = this.#distances;
    const outLimit = bufferSize - longestMatch;
    let pos = this.#pos;
    let bits = this.#bits;
    let count = this.#count;
    let at = this.#at;
    let ended = false;
    let fault: string | undefined;
    while (pos <= limit) {
      if (at > outLimit) {
        this.#at = at;
        this.#slide(emit);
        at = this.#at;
      }
      if (count < 16) {
        bits |= ((input[pos] as number) | ((input[pos + 1] as number) << 8)) << count;
        pos += 2;
        count += 16;
      }
      let entry = literalTable[bits & 1023] as number;
      if ((entry & kindMask) === kindLink) {
        bits >>>= literalBits;
        count -= literalBits;
        entry = literalTable[(entry >> 16) + (bits & ((1 << ((entry >> 4) & 15)) - 1))] as number;
      }
      bits >>>= entry & 15;
      count -= entry & 15;
      const kind = entry & kindMask;
      if (kind === kindLiteral) {
        if (entry === 0) {
          fault = "literal code";
          break;
        }
        out[at++] = entry >> 16;
        continue;
      }
      if (kind === kindEnd) {
        ended = true;
        break;
      }
      if (count < 16) {
        bits |= ((input[pos] as number) | ((input[pos + 1] as number) << 8)) << count;
        pos += 2;
        count += 16;
      }
      let extra = (entry >> 4) & 15;
      const length = (entry >> 16) + (bits & ((1 << extra) - 1));
      bits >>>= extra;
      count -= extra;
      if (count < 16) {
        bits |= ((input[pos] as number) | ((input[pos + 1] as number) << 8)) << count;
        pos += 2;
        count += 16;
      }
      entry = distanceTable[bits & 511] as number;
      if ((entry & kindMask) === kindLink) {
        bits >>>= distanceBits;
        count -= distanceBits;
        entry = distanceTable[(entry >> 16) + (bits & ((1 << ((entry >> 4) & 15)) - 1))] as number;
      }
      if (entry === 0) {
        fault = "distance code";
        break;
      }
      bits >>>= entry & 15;
      count -= entry & 15;
      if (count < 16) {
        bits |= ((input[pos] as number) | ((input[pos + 1] as number) << 8)) << count;
        pos += 2;
        count += 16;
      }
      extra = (entry >> 4) & 15;
      const distance = (entry >>> 16) + (bits & ((1 << extra) - 1));
      bits >>>= extra;
      count -= extra;
      let source = at - distance;
      if (source < 0) {
        fault = "distance too far back";
        break;
      }
      const stop = at + length;
      if (length > 48 && distance >= length) {
        out.copyWithin(at, source, source + length);
        at = stop;
      } else {
        while (at < stop) out[at++] = out[source++] as number;
      }
    }
    this.#pos = pos;
    this.#bits = bits;
    this.#count = count;
    this.#at = at;
    if (fault) throw invalidParameter(`flate: corrupt input: ${fault}`);
    if (ended) this.#endBlock();
    return ended;
  }

  #endBlock(): void {
    this.#state = this.#last ? "done" : "block";
  }

  /** Emits what there is and keeps the window that later matches may refer to. */
  #slide(emit: Emit): void {
    this.#emit(emit);
    this.#out.copyWithin(0, this.#at - windowSize, this.#at);
    this.#at = windowSize;
    this.#emitted = windowSize;
  }

  #emit(emit: Emit): void {
    if (this.#at > this.#emitted) emit(this.#out.slice(this.#emitted, this.#at));
    this.#emitted = this.#at;
  }

  #fill(): void {
    if (this.#count >= 16) return;
    this.#bits |= ((this.#in[this.#pos] ?? 0) | ((this.#in[this.#pos + 1] ?? 0) << 8)) << this.#count;
    this.#pos += 2;
    this.#count += 16;
  }

  #drop(count: number): void {
    this.#bits >>>= count;
    this.#count -= count;
  }

  #take(count: number): number {
    this.#fill();
    const value = this.#bits & ((1 << count) - 1);
    this.#drop(count);
    return value;
  }

  /** Up to where bits were used: the place behind the last byte that was touched. */
  #consumed(): number {
    return this.#pos - (this.#count >> 3);
  }

  /** Gives back the whole bytes that were read ahead: the next input starts with them. */
  #giveBack(): void {
    this.#pos = this.#consumed();
    this.#count &= 7;
    this.#bits &= (1 << this.#count) - 1;
  }

  /** Goes on at the next whole byte. */
  #align(): void {
    this.#giveBack();
    this.#bits = 0;
    this.#count = 0;
  }
}
