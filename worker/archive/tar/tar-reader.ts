import { invalidParameter, notImplemented } from "../../errdefs/errors.ts";
import { ByteReader } from "./byte-reader.ts";
import type { TarEntry, TarType } from "./entry.ts";
import { blockSize, parseHeader, type RawHeader } from "./header.ts";
import { decodePath } from "./path-text.ts";
import { type PaxRecords, parsePax, paxInteger, paxText, paxTime, paxXattrs } from "./pax.ts";

/** Go's archive/tar, and so Docker, takes extended headers of at most this many bytes. */
const longestSpecialFile = 1 << 20;
/** Headers in a row that may describe one entry. */
const mostSpecialFiles = 8;
const noRecords: PaxRecords = new Map();

const types: Readonly<Record<string, TarType>> = {
  "0": "file",
  "\0": "file",
  "1": "link",
  "2": "symlink",
  "3": "char",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};

/**
 * Reads a tar archive from a stream: v7, ustar, pax (POSIX.1-2001) and GNU's long names and binary numbers. Entries come in
 * order; the content of one must be read, or is skipped, before the next. Throws `InvalidParameter` for an archive that is
 * corrupt or ends early, `NotImplemented` for sparse files.
 */
export class TarReader {
  readonly #reader: ByteReader;
  /** Content of the current entry that was not read yet, and the zeros that fill its last block. */
  #left = 0;
  #fill = 0;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#reader = new ByteReader(source);
  }

  /** The next entry, or undefined after the last. */
  async next(): Promise<TarEntry | undefined> {
    await this.#reader.skip(this.#left + this.#fill);
    this.#left = 0;
    this.#fill = 0;
    const special = new SpecialHeaders();
    for (let count = 0; count <= mostSpecialFiles; count++) {
      const raw = await this.#header();
      if (!raw) {
        if (count > 0) throw invalidParameter("unexpected EOF");
        return undefined;
      }
      if (raw.size < 0) throw invalidParameter("archive/tar: invalid tar header: negative size");
      if (SpecialHeaders.is(raw.typeFlag)) special.add(raw, await this.#specialFile(raw));
      else return this.#entry(raw, special);
    }
    throw invalidParameter("archive/tar: invalid tar header: too many extended headers");
  }

  /** The next piece of the current entry's content, valid until the next call; undefined at its end. */
  async content(): Promise<Uint8Array | undefined> {
    if (this.#left === 0) return undefined;
    const some = await this.#reader.some(this.#left);
    if (!some) throw invalidParameter("unexpected EOF");
    this.#left -= some.length;
    return some;
  }

  /** The rest of the current entry's content, of at most `limit` bytes. Throws `InvalidParameter` when it is longer. */
  async bytes(limit: number): Promise<Uint8Array> {
    if (this.#left > limit)
      throw invalidParameter(`Cannot read a file of ${this.#left} bytes: expected at most ${limit}`);
    const length = this.#left;
    this.#left = 0;
    const bytes = length === 0 ? new Uint8Array(0) : await this.#reader.exactly(length);
    if (!bytes) throw invalidParameter("unexpected EOF");
    return bytes.slice();
  }

  /** Reads what follows the end of the archive, so that a digest over the stream covers all of it. */
  async drain(): Promise<void> {
    while (await this.#reader.some(1 << 20));
  }

  /** Ends the source without reading on. */
  async close(): Promise<void> {
    await this.#reader.close();
  }

  async #header(): Promise<RawHeader | undefined> {
    if (this.#ended) return undefined;
    const block = await this.#reader.exactly(blockSize);
    const raw = block && parseHeader(block);
    if (raw) return raw;
    this.#ended = true;
    // One block of zeros should be two; a stream that ends between entries is taken too, as Docker does.
    return undefined;
  }

  async #specialFile(raw: RawHeader): Promise<Uint8Array> {
    if (raw.size > longestSpecialFile) throw invalidParameter("archive/tar: header field too long");
    const body = (raw.size === 0 ? new Uint8Array(0) : await this.#reader.exactly(raw.size))?.slice();
    if (!body) throw invalidParameter("unexpected EOF");
    await this.#reader.skip(fillOf(raw.size));
    return body;
  }

  #entry(raw: RawHeader, special: SpecialHeaders): TarEntry {
    const entry = mergeHeaders(raw, special);
    // Some writers state a size for links and directories without writing content.
    const size = entry.type === "file" ? entry.size : 0;
    this.#left = size;
    this.#fill = fillOf(size);
    return entry;
  }
}

/** What the headers before an entry said about it. */
class SpecialHeaders {
  records: PaxRecords = noRecords;
  longName: string | undefined;
  longLink: string | undefined;

  static is(typeFlag: string): boolean {
    return typeFlag === "x" || typeFlag === "g" || typeFlag === "L" || typeFlag === "K";
  }

  add(raw: RawHeader, body: Uint8Array): void {
    if (raw.typeFlag === "x") this.records = parsePax(body);
    // Global headers (git archive writes one) hold nothing about files; Go's archive/tar ignores them too.
    else if (raw.typeFlag === "g") parsePax(body);
    else if (raw.typeFlag === "L") this.longName = terminated(body);
    else this.longLink = terminated(body);
  }
}

function mergeHeaders(raw: RawHeader, special: SpecialHeaders): TarEntry {
  const { records } = special;
  refuseSparse(raw, records);
  const name = paxText(records, "path") || special.longName || raw.name;
  const known = types[raw.typeFlag];
  if (!known) throw invalidParameter(`unhandled tar header type ${raw.typeFlag.charCodeAt(0)}`);
  // Before ustar, a directory was a file whose name ends in a slash.
  const type = raw.typeFlag === "\0" && name.endsWith("/") ? "directory" : known;
  const size = paxInteger(records, "size") ?? raw.size;
  if (size < 0) throw invalidParameter("archive/tar: invalid tar header: negative size");
  return {
    type,
    name,
    linkName:
      type === "link" || type === "symlink" ? paxText(records, "linkpath") || special.longLink || raw.linkName : "",
    mode: raw.mode & 0o7777,
    uid: ownerId(paxInteger(records, "uid") ?? raw.uid),
    gid: ownerId(paxInteger(records, "gid") ?? raw.gid),
    size: type === "file" ? size : 0,
    mtime: paxTime(records, "mtime") ?? { seconds: raw.mtime, nanoseconds: 0 },
    deviceMajor: raw.deviceMajor,
    deviceMinor: raw.deviceMinor,
    xattrs: paxXattrs(records),
    userName: paxText(records, "uname") ?? raw.userName,
    groupName: paxText(records, "gname") ?? raw.groupName,
  };
}

function refuseSparse(raw: RawHeader, records: PaxRecords): void {
  const sparse = [...records.keys()].some((key) => key.startsWith("GNU.sparse."));
  if (sparse) throw notImplemented(`Cannot unpack ${raw.name}: sparse files in tar archives are not supported`);
}

function ownerId(id: number): number {
  if (id < 0 || id > 0xffffffff) throw invalidParameter(`archive/tar: invalid tar header: owner ${id}`);
  return id;
}

function terminated(body: Uint8Array): string {
  const end = body.indexOf(0);
  return decodePath(end < 0 ? body : body.subarray(0, end));
}

function fillOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}
