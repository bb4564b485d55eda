import { invalidParameter } from "../../errdefs/errors.ts";
import type { Timestamp } from "./entry.ts";
import { decodePath } from "./path-text.ts";

/** Records of a pax extended header by key; values are bytes, because names and attributes are. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

const newline = 0x0a;
const blank = 0x20;
const equals = 0x3d;
const badHeader = (why: string) => invalidParameter(`archive/tar: invalid tar header: ${why}`);

/** Parses `LENGTH KEY=VALUE\n` records (POSIX pax, "pax Extended Header"). Throws `InvalidParameter`. */
export function parsePax(body: Uint8Array): PaxRecords {
  const records = new Map<string, Uint8Array>();
  for (let at = 0; at < body.length; ) {
    const gap = body.indexOf(blank, at);
    const digits = gap < 0 || gap - at > 10 ? "" : decodePath(body.subarray(at, gap));
    const length = /^[0-9]+$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const assign = body.indexOf(equals, gap);
    if (
      length === 0 ||
      end > body.length ||
      body[end - 1] !== newline ||
      assign < 0 ||
      assign >= end ||
      assign === gap + 1
    ) {
      throw badHeader("malformed pax record");
    }
    records.set(decodePath(body.subarray(gap + 1, assign)), body.slice(assign + 1, end - 1));
    at = end;
  }
  return records;
}

export function paxText(records: PaxRecords, key: string): string | undefined {
  const value = records.get(key);
  if (value === undefined) return undefined;
  if (value.includes(0)) throw badHeader(`pax record ${key} holds a zero byte`);
  return decodePath(value);
}

export function paxInteger(records: PaxRecords, key: string): number | undefined {
  const value = paxText(records, key);
  if (value === undefined || value === "") return undefined;
  const parsed = Number(value);
  if (!/^-?[0-9]+$/.test(value) || !Number.isSafeInteger(parsed)) throw badHeader(`pax record ${key} is not a number`);
  return parsed;
}

/** A decimal number of seconds; digits past the nanosecond are cut off. */
export function paxTime(records: PaxRecords, key: string): Timestamp | undefined {
  const value = paxText(records, key);
  if (value === undefined || value === "") return undefined;
  const parts = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value);
  if (!parts) throw badHeader(`pax record ${key} is not a time`);
  const seconds = Number(parts[2]);
  const nanoseconds = Number((parts[3] ?? "").padEnd(9, "0").slice(0, 9));
  if (parts[1] !== "-") return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: -seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}

const schily = "SCHILY.xattr.";
const libarchive = "LIBARCHIVE.xattr.";

/** Extended attributes: `SCHILY.xattr.` holds raw values, `LIBARCHIVE.xattr.` base64 under an URL-encoded name. */
export function paxXattrs(records: PaxRecords): ReadonlyMap<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>();
  for (const [key, value] of records) {
    if (key.startsWith(libarchive)) {
      const name = percentDecode(key.slice(libarchive.length));
      if (!xattrs.has(name)) xattrs.set(name, base64(decodePath(value)));
    }
    if (key.startsWith(schily)) xattrs.set(key.slice(schily.length), value);
  }
  return xattrs;
}

function percentDecode(name: string): string {
  return name.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function base64(value: string): Uint8Array {
  try {
    return Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
  } catch {
    throw badHeader("extended attribute is not base64");
  }
}
