import { promisifyRequest, type UseStore } from "idb-keyval";
import { system } from "../errdefs/errors.ts";
import { randomHex } from "../internal/ids.ts";
import { inStorage } from "../internal/storage-error.browser.ts";
import { ChunkWriter, readChunks } from "./chunk-writer.ts";
import { checkFileName } from "./file-name.ts";
import type { ChunkedFiles, FileInfo, FileWriter, StoredFile } from "./files.ts";
import { streamFile } from "./stream-file.ts";

/** Bytes in a chunk: the unit that is read and written. */
const chunkSize = 1024 * 1024;

/**
 * Keys of the one object store: `["chunk", WRITER, INDEX]` holds bytes, `["file", NAME]` the record that makes the chunks of a
 * writer the content of a name. The record is put last, in the transaction that also drops what it replaces.
 */
interface FileRecord {
  readonly writer: string;
  readonly size: number;
}

const fileKeys = IDBKeyRange.bound(["file"], ["file", []]);
const chunkKeys = IDBKeyRange.bound(["chunk"], ["chunk", []]);
const chunksOf = (writer: string) => IDBKeyRange.bound(["chunk", writer], ["chunk", writer, []]);

/** Files in IndexedDB. */
export class IndexedDbFiles implements ChunkedFiles {
  readonly #database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.#database = database;
  }

  static async open(name: string): Promise<IndexedDbFiles> {
    const request = indexedDB.open(name);
    request.onupgradeneeded = () => request.result.createObjectStore("files");
    return new IndexedDbFiles(await inStorage(() => promisifyRequest(request)));
  }

  async create(name: string): Promise<FileWriter> {
    checkFileName(name);
    return new IndexedDbWriter(name, this.#use);
  }

  async open(name: string): Promise<StoredFile | undefined> {
    checkFileName(name);
    const record = await this.#use("readonly", (store) => promisifyRequest(store.get(["file", name])));
    return record === undefined ? undefined : new IndexedDbFile(name, record as FileRecord, this.#use);
  }

  async remove(name: string): Promise<void> {
    checkFileName(name);
    await this.#use("readwrite", (store) => {
      const request = store.get(["file", name]);
      request.onsuccess = () => {
        const record = request.result as FileRecord | undefined;
        store.delete(["file", name]);
        if (record) store.delete(chunksOf(record.writer));
      };
      return promisifyRequest(store.transaction);
    });
  }

  async list(prefix: string): Promise<readonly FileInfo[]> {
    return this.#use("readonly", async (store) => {
      const [keys, values] = await Promise.all([
        promisifyRequest(store.getAllKeys(fileKeys)),
        promisifyRequest(store.getAll(fileKeys)),
      ]);
      const names = keys.map((key) => (key as [string, string])[1]);
      return names.flatMap((name, index) => {
        const record = values[index] as FileRecord;
        return name.startsWith(prefix) ? [{ name, size: record.size }] : [];
      });
    });
  }

  async sweep(): Promise<void> {
    await this.#use("readwrite", async (store) => {
      const records = (await promisifyRequest(store.getAll(fileKeys))) as FileRecord[];
      const alive = new Set(records.map((record) => record.writer));
      const keys = (await promisifyRequest(store.getAllKeys(chunkKeys))) as [string, string, number][];
      for (const writer of new Set(keys.map((key) => key[1]))) {
        if (!alive.has(writer)) store.delete(chunksOf(writer));
      }
      return promisifyRequest(store.transaction);
    });
  }

  /** Lets the database go, so that it can be deleted. */
  close(): void {
    this.#database.close();
  }

  /** Strict: a promise that resolves means that the disk has it, so that an acknowledged file outlives a power cut. */
  readonly #use: UseStore = (mode, callback) =>
    inStorage(async () => {
      const transaction = this.#database.transaction("files", mode, { durability: "strict" });
      return callback(transaction.objectStore("files"));
    });
}

class IndexedDbWriter implements FileWriter {
  readonly #name: string;
  readonly #use: UseStore;
  readonly #writer = randomHex(16);
  readonly #chunks: ChunkWriter;
  #done = false;

  constructor(name: string, use: UseStore) {
    this.#name = name;
    this.#use = use;
    const sink = {
      put: (index: number, chunk: Uint8Array) =>
        use("readwrite", (store) => {
          store.put(chunk, ["chunk", this.#writer, index]);
          return promisifyRequest(store.transaction);
        }),
      get: (index: number) => getChunk(use, this.#writer, index),
    };
    this.#chunks = new ChunkWriter(sink, chunkSize);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#checkOpen();
    await this.#chunks.write(bytes);
  }

  async patch(offset: number, bytes: Uint8Array): Promise<void> {
    this.#checkOpen();
    await this.#chunks.patch(offset, bytes);
  }

  async commit(): Promise<FileInfo> {
    this.#checkOpen();
    const { index, bytes } = this.#chunks.tail;
    const record: FileRecord = { writer: this.#writer, size: this.#chunks.size };
    try {
      await this.#use("readwrite", (store) => {
        if (bytes.length > 0) store.put(bytes, ["chunk", this.#writer, index]);
        const former = store.get(["file", this.#name]);
        former.onsuccess = () => {
          const replaced = former.result as FileRecord | undefined;
          if (replaced) store.delete(chunksOf(replaced.writer));
          store.put(record, ["file", this.#name]);
        };
        return promisifyRequest(store.transaction);
      });
    } catch (error) {
      await this.abort();
      throw error;
    }
    this.#done = true;
    return { name: this.#name, size: record.size };
  }

  async abort(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    await this.#use("readwrite", (store) => {
      store.delete(chunksOf(this.#writer));
      return promisifyRequest(store.transaction);
    });
  }

  #checkOpen(): void {
    if (this.#done) throw system(`the writer of ${this.#name} is closed`);
  }
}

class IndexedDbFile implements StoredFile {
  readonly name: string;
  readonly size: number;
  readonly #writer: string;
  readonly #use: UseStore;
  /** The guest reads in small steps, mostly onwards: the chunks last used are kept. */
  readonly #recent = new Map<number, Promise<Uint8Array>>();

  constructor(name: string, record: FileRecord, use: UseStore) {
    this.name = name;
    this.size = record.size;
    this.#writer = record.writer;
    this.#use = use;
  }

  readAt(offset: number, length: number): Promise<Uint8Array> {
    return readChunks({ size: this.size, chunkSize }, offset, length, (index) => this.#chunk(index));
  }

  stream(options?: { readonly offset?: number; readonly signal?: AbortSignal }): ReadableStream<Uint8Array> {
    return streamFile(this, options);
  }

  async close(): Promise<void> {
    this.#recent.clear();
  }

  #chunk(index: number): Promise<Uint8Array> {
    const known = this.#recent.get(index);
    const chunk = known ?? getChunk(this.#use, this.#writer, index);
    this.#recent.delete(index);
    this.#recent.set(index, chunk);
    chunk.catch(() => this.#recent.delete(index));
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > 4 && oldest !== undefined) this.#recent.delete(oldest);
    return chunk;
  }
}

async function getChunk(use: UseStore, writer: string, index: number): Promise<Uint8Array> {
  const chunk: unknown = await use("readonly", (store) => promisifyRequest(store.get(["chunk", writer, index])));
  if (!(chunk instanceof Uint8Array)) throw system(`chunk ${index} of a stored file is gone`);
  return chunk;
}
