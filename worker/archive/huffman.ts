import { invalidParameter } from "../errdefs/errors.ts";

/**
 * Decoding tables for DEFLATE's canonical Huffman codes (RFC 1951, section 3.2.2). A table is indexed by the next
 * `primary` bits of the input; codes longer than that lead to a second table.
 *
 * An entry is an integer:
 *   bits 0-3    bits to drop from the input (0: no code starts with these bits)
 *   bits 4-7    how many extra bits follow, or the width of the second table
 *   bits 8-9    what it is, see `Kind`
 *   bits 16-31  literal, base value, or place of the second table
 */
export type HuffmanTable = Int32Array;

export const kindLiteral = 0;
const kindBase = 1 << 8;
export const kindEnd = 2 << 8;
export const kindLink = 3 << 8;
export const kindMask = 3 << 8;

export const literalBits = 10;
export const distanceBits = 9;
/** The proven bound for 288 symbols and 10 bits is 1334 entries; rounded up. */
export const tableSize = 2048;

const maxLength = 15;
const counts = new Uint16Array(maxLength + 1);
const nextCode = new Uint16Array(maxLength + 1);
const deepest = new Uint8Array(1 << literalBits);
const linkAt = new Uint16Array(1 << literalBits);

/** What each symbol of an alphabet stands for: an entry without its length. */
export type Alphabet = Int32Array;

/** Code lengths 0-18 (RFC 1951, 3.2.7): plain values. */
export const lengthCodes: Alphabet = Int32Array.from({ length: 19 }, (_, symbol) => kindLiteral | (symbol << 16));
export const literals: Alphabet = literalAlphabet();
export const distances: Alphabet = distanceAlphabet();

function literalAlphabet(): Alphabet {
  const alphabet = new Int32Array(288).fill(-1);
  for (let symbol = 0; symbol < 256; symbol++) alphabet[symbol] = kindLiteral | (symbol << 16);
  alphabet[256] = kindEnd;
  let base = 3;
  for (let symbol = 257; symbol < 285; symbol++) {
    const extra = symbol < 265 ? 0 : (symbol - 261) >> 2;
    alphabet[symbol] = kindBase | (extra << 4) | (base << 16);
    base += 1 << extra;
  }
  alphabet[285] = kindBase | (258 << 16);
  return alphabet;
}

function distanceAlphabet(): Alphabet {
  const alphabet = new Int32Array(32).fill(-1);
  let base = 1;
  for (let symbol = 0; symbol < 30; symbol++) {
    const extra = symbol < 4 ? 0 : (symbol - 2) >> 1;
    alphabet[symbol] = kindBase | (extra << 4) | (base << 16);
    base += 1 << extra;
  }
  return alphabet;
}

/**
 * Fills `table` for the code lengths `lengths[from..to)`. Rejects over-subscribed codes, and incomplete ones except a
 * lone code of one bit (which encoders write for a single distance) and no code at all.
 */
export function buildTable(
  table: HuffmanTable,
  primary: number,
  alphabet: Alphabet,
  lengths: Uint8Array,
  from: number,
  to: number,
): void {
  const used = assignFirstCodes(lengths, from, to);
  table.fill(0, 0, 1 << primary);
  if (used === 0) return;
  measureLinks(lengths, from, to, primary);
  // The first codes were advanced while measuring: start over.
  assignFirstCodes(lengths, from, to);
  let free = 1 << primary;
  for (let place = from; place < to; place++) {
    const length = lengths[place] ?? 0;
    if (length === 0) continue;
    const meaning = alphabet[place - from] ?? -1;
    const code = reverse(takeCode(length), length);
    // Symbols that the format reserves may have a length but must not be used: no entry decodes them.
    const reserved = meaning < 0;
    if (length <= primary) {
      fill(table, code, 1 << length, 1 << primary, reserved ? 0 : meaning | length);
      continue;
    }
    const prefix = code & ((1 << primary) - 1);
    const width = (deepest[prefix] ?? 0) - primary;
    if (linkAt[prefix] === 0) {
      linkAt[prefix] = free;
      table.fill(0, free, free + (1 << width));
      table[prefix] = kindLink | primary | (width << 4) | (free << 16);
      free += 1 << width;
    }
    const start = linkAt[prefix] ?? 0;
    const rest = length - primary;
    fill(table, start + (code >> primary), 1 << rest, start + (1 << width), reserved ? 0 : meaning | rest);
  }
}

/** Counts the lengths, checks that they can be a code, and sets `nextCode`. Answers how many codes there are. */
function assignFirstCodes(lengths: Uint8Array, from: number, to: number): number {
  counts.fill(0);
  for (let place = from; place < to; place++) {
    const length = lengths[place] ?? 0;
    counts[length] = (counts[length] ?? 0) + 1;
  }
  const used = to - from - (counts[0] ?? 0);
  counts[0] = 0;
  let left = 1;
  let code = 0;
  for (let length = 1; length <= maxLength; length++) {
    const count = counts[length] ?? 0;
    left = (left << 1) - count;
    if (left < 0) throw invalidParameter("flate: corrupt input: over-subscribed code");
    code = (code + (counts[length - 1] ?? 0)) << 1;
    nextCode[length] = code;
  }
  const lone = used === 1 && counts[1] === 1;
  if (left > 0 && used > 0 && !lone) throw invalidParameter("flate: corrupt input: incomplete code");
  return used;
}

/** Finds, for each first `primary` bits, the longest code that starts with them. */
function measureLinks(lengths: Uint8Array, from: number, to: number, primary: number): void {
  deepest.fill(0);
  linkAt.fill(0);
  for (let place = from; place < to; place++) {
    const length = lengths[place] ?? 0;
    if (length === 0) continue;
    const code = takeCode(length);
    if (length <= primary) continue;
    const prefix = reverse(code, length) & ((1 << primary) - 1);
    if (length > (deepest[prefix] ?? 0)) deepest[prefix] = length;
  }
}

function takeCode(length: number): number {
  const code = nextCode[length] ?? 0;
  nextCode[length] = code + 1;
  return code;
}

function fill(table: HuffmanTable, first: number, step: number, end: number, entry: number): void {
  for (let place = first; place < end; place += step) table[place] = entry;
}

/** Codes are written most significant bit first into a stream that is read least significant bit first. */
function reverse(code: number, length: number): number {
  let reversed = 0;
  for (let bit = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
  return reversed;
}
