import { type FileHandle, open, readFile, rename, rm, stat, statfs, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { type EngineError, errorMessage, system } from "../errdefs/errors.ts";
import { diskError, isDiskFull, onDisk, syncFolder } from "../internal/disk.node.ts";
import { regardless } from "../internal/failures.ts";
import { Lock } from "../internal/lock.ts";
import { makeFolder } from "../internal/make-folder.node.ts";
import { decodeLine, encodeLine } from "./journal.ts";
import { checkKey } from "./keys.ts";
import type { Json, RecordChange, RecordStore } from "./records.ts";

/** A journal is written anew once it holds this many bytes, and more than `compactRatio` times what lives. */
const compactFloor = 1024 * 1024;
const compactRatio = 4;
/** Bytes that are given up on a full disk for changes that only remove: what they name is what can make room again. */
const reserveSize = 64 * 1024;
/** Bytes that must be free before so much is set aside: nobody else's write may fail for it. */
const reserveFloor = 1024 * 1024;

export interface FsRecordsOptions {
  /** Bytes below which the journal is never written anew. */
  readonly compactFloor?: number;
}

interface Pending {
  readonly changes: readonly RecordChange[];
  readonly line: string;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Records in an append-only journal, all of them in memory too. An `apply` is one line, acknowledged when the line was synced;
 * those that come while a sync is under way share the next one. See worker/metadata/journal.ts for the format.
 */
export class FsRecords implements RecordStore {
  readonly #path: string;
  readonly #floor: number;
  /** JSON texts: what is handed out can't be changed behind our back, and compaction needs them. */
  readonly #records: Map<string, string>;
  readonly #lock = new Lock();
  #handle: FileHandle;
  /** Bytes of the journal that were acknowledged, and bytes of the records that live. */
  #size: number;
  #live: number;
  #pending: Pending[] = [];
  #failed: EngineError | undefined;
  #closed = false;
  #reserved = false;

  private constructor(path: string, handle: FileHandle, loaded: LoadedJournal, options: FsRecordsOptions) {
    this.#path = path;
    this.#handle = handle;
    this.#records = loaded.records;
    this.#size = loaded.size;
    this.#live = sizeOf(loaded.records);
    this.#floor = options.compactFloor ?? compactFloor;
  }

  /** Opens the journal at `path`, or starts one. Rejects with `System` when it is damaged before its end. */
  static async open(path: string, options: FsRecordsOptions = {}): Promise<FsRecords> {
    await onDisk(makeFolder(dirname(path), 0o700));
    await rm(temporary(path), { force: true });
    if (!(await isThere(path))) await begin(path);
    const loaded = await load(path);
    // A torn last line was never acknowledged. It goes, so that the next line does not join it.
    if (loaded.torn) await truncate(path, loaded.size);
    const handle = await open(path, "a", 0o600);
    await handle.sync();
    await syncFolder(dirname(path));
    const records = new FsRecords(path, handle, loaded, options);
    await records.#setAside();
    return records;
  }

  async get(key: string): Promise<Json | undefined> {
    checkKey(key);
    const text = this.#records.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async list(prefix: string): Promise<readonly (readonly [key: string, value: Json])[]> {
    const keys = [...this.#records.keys()].filter((key) => key.startsWith(prefix)).sort();
    return keys.map((key) => [key, JSON.parse(this.#records.get(key) ?? "null")]);
  }

  apply(changes: readonly RecordChange[]): Promise<void> {
    return new Promise((resolve, reject) => {
      for (const { key } of changes) checkKey(key);
      this.#pending.push({ changes, line: encodeLine(changes, crc32), resolve, reject });
      if (this.#pending.length === 1) this.#lock.run(() => this.#writePending());
    });
  }

  async close(): Promise<void> {
    await this.#lock.run(async () => {
      if (this.#closed) return;
      this.#closed = true;
      this.#failed ??= system("the record store is closed");
      await this.#handle.close();
    });
  }

  async #writePending(): Promise<void> {
    const batch = this.#pending;
    this.#pending = [];
    try {
      if (this.#failed) throw this.#failed;
      const bytes = Buffer.from(batch.map(({ line }) => line).join(""));
      const removes = batch.every(({ changes }) => changes.every(({ value }) => value === undefined));
      await (removes ? this.#appendOnReserve(bytes) : this.#append(bytes));
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const { changes, resolve } of batch) {
      for (const change of changes) this.#remember(change);
      resolve();
    }
    if (this.#size > this.#floor && this.#size > compactRatio * this.#live) await this.#compact();
    if (!this.#reserved) await this.#setAside();
  }

  async #appendOnReserve(bytes: Buffer): Promise<void> {
    try {
      await this.#append(bytes);
    } catch (error) {
      if (!this.#reserved || this.#failed || !isDiskFull(error)) throw error;
      await rm(reserve(this.#path), { force: true });
      this.#reserved = false;
      await this.#append(bytes);
    }
  }

  /** On a disk that is full there is no reserve until there is room again. */
  async #setAside(): Promise<void> {
    const place = reserve(this.#path);
    try {
      const former = await stat(place).catch(() => undefined);
      if (former?.size !== reserveSize) {
        const { bavail, bsize } = await statfs(dirname(place));
        if (bavail * bsize < reserveFloor) return;
        await writeFile(place, Buffer.alloc(reserveSize, 1), { mode: 0o600, flush: true });
      }
      this.#reserved = true;
    } catch {
      await regardless(rm(place, { force: true }));
    }
  }

  async #append(bytes: Buffer): Promise<void> {
    try {
      await this.#handle.appendFile(bytes);
      await this.#handle.datasync();
      this.#size += bytes.length;
    } catch (error) {
      await this.#undo(error);
      throw diskError(error);
    }
  }

  /** Nobody knows what a failed write or sync left: cut it off, and if that fails too, stop rather than guess. */
  async #undo(reason: unknown): Promise<void> {
    try {
      await this.#handle.truncate(this.#size);
      await this.#handle.datasync();
    } catch {
      this.#failed = system(`the record store failed and takes no more changes: ${errorMessage(reason)}`);
    }
  }

  #remember({ key, value }: RecordChange): void {
    const former = this.#records.get(key);
    if (former !== undefined) this.#live -= former.length + key.length;
    if (value === undefined) {
      this.#records.delete(key);
      return;
    }
    const text = JSON.stringify(value);
    this.#records.set(key, text);
    this.#live += text.length + key.length;
  }

  /** Writes the journal anew beside the old one, which stays valid until the rename. A failure leaves the old one in use. */
  async #compact(): Promise<void> {
    let next: FileHandle | undefined;
    try {
      const changes = [...this.#records].map(([key, text]) => ({ key, value: JSON.parse(text) as Json }));
      const bytes = Buffer.from(firstLine + changes.map((change) => encodeLine([change], crc32)).join(""));
      next = await open(temporary(this.#path), "wx", 0o600);
      await next.writeFile(bytes);
      await next.sync();
      await next.close();
      // Opened again to append: O_APPEND keeps a later truncate from leaving a hole.
      next = await open(temporary(this.#path), "a");
      await rename(temporary(this.#path), this.#path);
      const former = this.#handle;
      this.#handle = next;
      this.#size = bytes.length;
      await former.close();
      await syncFolder(dirname(this.#path));
    } catch {
      if (next && next !== this.#handle) await regardless(next.close());
      await regardless(rm(temporary(this.#path), { force: true }));
    }
  }
}

/** Every journal begins with it, so that one which the disk has emptied or overwritten is not taken for a new one. */
const firstLine = encodeLine([], crc32);

async function begin(path: string): Promise<void> {
  try {
    await writeFile(temporary(path), firstLine, { mode: 0o600, flush: true });
    await rename(temporary(path), path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw diskError(error);
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
      throw diskError(error);
    },
  );
}

interface LoadedJournal {
  readonly records: Map<string, string>;
  /** Bytes up to the end of the last good line. */
  readonly size: number;
  readonly torn: boolean;
}

async function load(path: string): Promise<LoadedJournal> {
  const records = new Map<string, string>();
  const bytes = await readFile(path).catch((error: unknown) => {
    throw diskError(error);
  });
  let size = 0;
  while (size < bytes.length) {
    const end = bytes.indexOf(0x0a, size);
    const changes = end < 0 ? undefined : decodeLine(bytes.toString("utf8", size, end), crc32);
    if (!changes) break;
    for (const { key, value } of changes) {
      if (value === undefined) records.delete(key);
      else records.set(key, JSON.stringify(value));
    }
    size = end + 1;
  }
  if (size === 0) throw system(`${path} is damaged: it does not begin as a journal does`);
  if (size < bytes.length && hasGoodLine(bytes, size)) {
    throw system(`${path} is damaged at byte ${size}: a record before its end does not match its checksum`);
  }
  return { records, size, torn: size < bytes.length };
}

/** Whether something that was acknowledged follows a bad line: then the disk lied, and cutting would lose it. */
function hasGoodLine(bytes: Buffer, from: number): boolean {
  for (let start = bytes.indexOf(0x0a, from) + 1; start > 0 && start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    if (end < 0) return false;
    if (decodeLine(bytes.toString("utf8", start, end), crc32)) return true;
    start = end + 1;
  }
  return false;
}

function sizeOf(records: ReadonlyMap<string, string>): number {
  let size = 0;
  for (const [key, text] of records) size += key.length + text.length;
  return size;
}

function temporary(path: string): string {
  return join(dirname(path), "records.tmp");
}

function reserve(path: string): string {
  return join(dirname(path), "records.reserve");
}
