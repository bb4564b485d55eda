import { system } from "../errdefs/errors.ts";
import { checkPatch } from "./chunk-writer.ts";
import { checkFileName } from "./file-name.ts";
import type { ChunkedFiles, FileInfo, FileWriter, StoredFile } from "./files.ts";
import { streamFile } from "./stream-file.ts";

/** Files in memory: for tests, and for a page that has no durable storage. */
export class MemoryFiles implements ChunkedFiles {
  readonly #files = new Map<string, Uint8Array>();
  readonly #capacity: number;
  #used = 0;

  /** `capacity`: bytes after which the store is full. */
  constructor(options: { readonly capacity?: number } = {}) {
    this.#capacity = options.capacity ?? Number.POSITIVE_INFINITY;
  }

  async create(name: string): Promise<FileWriter> {
    checkFileName(name);
    return new MemoryWriter({
      name,
      reserve: (bytes) => {
        if (this.#used + bytes > this.#capacity) throw system("no space left on device");
        this.#used += bytes;
      },
      publish: (content) => {
        this.#used -= this.#files.get(name)?.length ?? 0;
        this.#files.set(name, content);
      },
    });
  }

  async open(name: string): Promise<StoredFile | undefined> {
    checkFileName(name);
    const content = this.#files.get(name);
    return content && new MemoryFile(name, content);
  }

  async remove(name: string): Promise<void> {
    checkFileName(name);
    this.#used -= this.#files.get(name)?.length ?? 0;
    this.#files.delete(name);
  }

  async list(prefix: string): Promise<readonly FileInfo[]> {
    return [...this.#files]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, content]) => ({ name, size: content.length }));
  }

  async sweep(): Promise<void> {}
}

interface MemoryWriterOptions {
  readonly name: string;
  reserve(bytes: number): void;
  publish(content: Uint8Array): void;
}

class MemoryWriter implements FileWriter {
  readonly #options: MemoryWriterOptions;
  #content = new Uint8Array(4096);
  #size = 0;
  #done = false;

  constructor(options: MemoryWriterOptions) {
    this.#options = options;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#checkOpen();
    this.#options.reserve(bytes.length);
    if (this.#size + bytes.length > this.#content.length) {
      const grown = new Uint8Array(Math.max(this.#content.length * 2, this.#size + bytes.length));
      grown.set(this.#content.subarray(0, this.#size));
      this.#content = grown;
    }
    this.#content.set(bytes, this.#size);
    this.#size += bytes.length;
  }

  async patch(offset: number, bytes: Uint8Array): Promise<void> {
    this.#checkOpen();
    checkPatch(offset, bytes.length, this.#size);
    this.#content.set(bytes, offset);
  }

  async commit(): Promise<FileInfo> {
    this.#checkOpen();
    this.#done = true;
    this.#options.publish(this.#content.slice(0, this.#size));
    return { name: this.#options.name, size: this.#size };
  }

  async abort(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    this.#options.reserve(-this.#size);
  }

  #checkOpen(): void {
    if (this.#done) throw system(`the writer of ${this.#options.name} is closed`);
  }
}

class MemoryFile implements StoredFile {
  readonly name: string;
  readonly #content: Uint8Array;

  constructor(name: string, content: Uint8Array) {
    this.name = name;
    this.#content = content;
  }

  get size(): number {
    return this.#content.length;
  }

  readAt(offset: number, length: number): Uint8Array {
    return this.#content.slice(offset, offset + length);
  }

  stream(options?: { readonly offset?: number; readonly signal?: AbortSignal }): ReadableStream<Uint8Array> {
    return streamFile(this, options);
  }

  async close(): Promise<void> {}
}
