import { invalidParameter } from "../../errdefs/errors.ts";
import { decodePath } from "./path-text.ts";

export const blockSize = 512;

/** A 512-byte header block, fields only: what POSIX ustar, the older v7 and GNU's variant have in common. */
export interface RawHeader {
  readonly typeFlag: string;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly userName: string;
  readonly groupName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

const badHeader = (why: string) => invalidParameter(`archive/tar: invalid tar header: ${why}`);

/** Parses a header block, or answers undefined for a block of zeros. Throws `InvalidParameter`. */
export function parseHeader(block: Uint8Array): RawHeader | undefined {
  if (!checksumMatches(block)) {
    if (block.every((byte) => byte === 0)) return undefined;
    throw badHeader("checksum mismatch");
  }
  const magic = String.fromCharCode(...block.subarray(257, 265));
  const ustar = magic.startsWith("ustar\0");
  const gnu = magic === "ustar  \0";
  const prefix = ustar ? text(block, 345, 155) : "";
  const name = text(block, 0, 100);
  const extended = ustar || gnu;
  return {
    typeFlag: String.fromCharCode(block[156] ?? 0),
    name: prefix ? `${prefix}/${name}` : name,
    linkName: text(block, 157, 100),
    mode: number(block, 100, 8),
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: number(block, 124, 12),
    mtime: number(block, 136, 12),
    userName: extended ? text(block, 265, 32) : "",
    groupName: extended ? text(block, 297, 32) : "",
    deviceMajor: extended ? number(block, 329, 8) : 0,
    deviceMinor: extended ? number(block, 337, 8) : 0,
  };
}

/** The sum of all bytes with the checksum field taken as blanks; old tars summed signed bytes. */
function checksumMatches(block: Uint8Array): boolean {
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let at = 0; at < blockSize; at++) {
    if (at >= 148 && at < 156) continue;
    const byte = block[at] ?? 0;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const stated = octal(block, 148, 8);
  return stated !== undefined && (stated === unsigned || stated === signed);
}

function text(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return decodePath(end < 0 ? field : field.subarray(0, end));
}

function number(block: Uint8Array, at: number, length: number): number {
  const first = block[at] ?? 0;
  const value = first & 0x80 ? base256(block, at, length) : octal(block, at, length);
  if (value === undefined) throw badHeader(`expected a number at byte ${at}`);
  return value;
}

/** Octal digits between blanks and zeros; an empty field is 0. */
function octal(block: Uint8Array, at: number, length: number): number | undefined {
  let value = 0;
  let state: "before" | "digits" | "after" = "before";
  for (let place = at; place < at + length; place++) {
    const byte = block[place] ?? 0;
    const blank = byte === 0x20 || byte === 0;
    if (blank) {
      if (state === "digits") state = "after";
      if (byte === 0 && state === "before") state = "after";
      continue;
    }
    if (state === "after" || byte < 0x30 || byte > 0x37) return undefined;
    state = "digits";
    value = value * 8 + byte - 0x30;
  }
  return value;
}

/** GNU's binary numbers: the first bit set, then big-endian two's complement. */
function base256(block: Uint8Array, at: number, length: number): number | undefined {
  const negative = ((block[at] ?? 0) & 0x40) !== 0;
  let value = negative ? -1n : 0n;
  for (let place = at; place < at + length; place++) {
    let byte = block[place] ?? 0;
    if (place === at) byte = negative ? byte | 0x80 : byte & 0x7f;
    value = (value << 8n) | BigInt(byte);
  }
  const result = Number(value);
  return Number.isSafeInteger(result) ? result : undefined;
}
