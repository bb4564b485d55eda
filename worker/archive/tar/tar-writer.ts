import { invalidParameter } from "../../errdefs/errors.ts";
import { concatBytes } from "../../internal/bytes.ts";
import { entryDefaults, type TarEntry, type TarType, type Timestamp } from "./entry.ts";
import { blockSize } from "./header.ts";
import { encodePath } from "./path-text.ts";

const typeFlags: Readonly<Record<TarType, string>> = {
  file: "0",
  link: "1",
  symlink: "2",
  char: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

const encoder = new TextEncoder();
const largestOctal8 = 0o7777777;
const largestOctal12 = 0o77777777777;

/** Two blocks of zeros: the end of an archive. */
const tarEnd: Uint8Array = new Uint8Array(2 * blockSize);

/** An entry to be written: all but the name has a default. */
export type NewTarEntry = Partial<TarEntry> & Pick<TarEntry, "name">;

/**
 * The header of an entry as ustar, preceded by a pax header for what ustar cannot hold: long or non-ASCII names, large numbers,
 * fractions of a second, extended attributes. The content, filled up by `tarFill`, follows it.
 */
export function tarHeader(entry: NewTarEntry): Uint8Array {
  const full: TarEntry = { ...entryDefaults, ...entry };
  const records = paxRecordsFor(full);
  const header = ustarHeader(full, typeFlags[full.type]);
  if (records.length === 0) return header;
  const body = concatBytes(records);
  const pax: TarEntry = { ...entryDefaults, name: "PaxHeaders.0/entry", size: body.length };
  return concatBytes([ustarHeader(pax, "x"), body, tarFill(body.length), header]);
}

/** Zeros that fill content of `size` bytes up to a whole block. */
function tarFill(size: number): Uint8Array {
  return new Uint8Array((blockSize - (size % blockSize)) % blockSize);
}

/** Writes whole archives of entries whose content is in memory or a stream. */
export async function* writeTar(
  entries:
    | AsyncIterable<readonly [NewTarEntry, (AsyncIterable<Uint8Array> | Uint8Array)?]>
    | Iterable<readonly [NewTarEntry, (AsyncIterable<Uint8Array> | Uint8Array)?]>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const [entry, content] of entries) {
    if (content instanceof Uint8Array) {
      yield tarHeader({ ...entry, size: content.length });
      yield content;
      yield tarFill(content.length);
      continue;
    }
    yield tarHeader(entry);
    const size = entry.size ?? 0;
    let written = 0;
    if (content) {
      for await (const chunk of content) {
        written += chunk.length;
        yield chunk;
      }
    }
    if (written !== size) throw invalidParameter(`Cannot write ${entry.name}: expected ${size} bytes, got ${written}`);
    yield tarFill(size);
  }
  yield tarEnd;
}

function paxRecordsFor(entry: TarEntry): Uint8Array[] {
  const records: Uint8Array[] = [];
  const add = (key: string, value: Uint8Array | string) => records.push(paxRecord(key, value));
  if (!fitsName(entry.name)) add("path", encodePath(entry.name));
  if (entry.linkName && !fitsLink(entry.linkName)) add("linkpath", encodePath(entry.linkName));
  if (entry.size > largestOctal12) add("size", String(entry.size));
  if (entry.uid > largestOctal8) add("uid", String(entry.uid));
  if (entry.gid > largestOctal8) add("gid", String(entry.gid));
  const { seconds, nanoseconds } = entry.mtime;
  if (nanoseconds !== 0 || seconds < 0 || seconds > largestOctal12) add("mtime", paxTimeText(entry.mtime));
  for (const [name, value] of entry.xattrs) add(`SCHILY.xattr.${name}`, value);
  return records;
}

function paxTimeText({ seconds, nanoseconds }: Timestamp): string {
  if (seconds >= 0 || nanoseconds === 0) return `${seconds}.${String(nanoseconds).padStart(9, "0")}`;
  // The sign is that of the whole number: 0.25 s before 1970 is -1 s and 0.75 s here.
  return `-${-(seconds + 1)}.${String(1e9 - nanoseconds).padStart(9, "0")}`;
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts its own digits. */
function paxRecord(key: string, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === "string" ? encoder.encode(value) : value;
  const rest = concatBytes([encoder.encode(" "), encodePath(key), encoder.encode("="), bytes, encoder.encode("\n")]);
  let length = rest.length + 1;
  while (String(length).length + rest.length > length) length++;
  return concatBytes([encoder.encode(String(length)), rest]);
}

const isAscii = (text: string) => /^[\x20-\x7e]*$/.test(text);
const fitsLink = (name: string) => isAscii(name) && name.length <= 100;
const fitsName = (name: string) => isAscii(name) && splitName(name) !== undefined;

/** Splits a name into prefix and name as ustar wants, or answers undefined when it cannot. */
function splitName(name: string): readonly [prefix: string, name: string] | undefined {
  if (name.length <= 100) return ["", name];
  for (let slash = name.indexOf("/", name.length - 101); slash >= 0; slash = name.indexOf("/", slash + 1)) {
    if (slash > 0 && slash <= 155 && slash < name.length - 1) return [name.slice(0, slash), name.slice(slash + 1)];
  }
  return undefined;
}

function ustarHeader(entry: TarEntry, typeFlag: string): Uint8Array {
  const block = new Uint8Array(blockSize);
  const put = (at: number, length: number, text: string) => block.set(encodePath(text).subarray(0, length), at);
  const octal = (at: number, length: number, value: number) => {
    const fits = value >= 0 && value < 8 ** (length - 1);
    put(at, length, (fits ? value : 0).toString(8).padStart(length - 1, "0"));
  };
  const [prefix, name] = splitName(entry.name) ?? ["", entry.name];
  put(0, 100, name);
  octal(100, 8, entry.mode & 0o7777);
  octal(108, 8, entry.uid);
  octal(116, 8, entry.gid);
  octal(124, 12, entry.size);
  octal(136, 12, entry.mtime.seconds);
  put(148, 8, "        ");
  put(156, 1, typeFlag);
  put(157, 100, entry.linkName);
  put(257, 8, "ustar\x0000");
  put(265, 31, entry.userName);
  put(297, 31, entry.groupName);
  octal(329, 8, entry.deviceMajor);
  octal(337, 8, entry.deviceMinor);
  put(345, 155, prefix);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, 8, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}
