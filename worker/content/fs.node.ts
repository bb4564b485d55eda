import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { system } from "../errdefs/errors.ts";
import { diskError, onDisk, syncFolder } from "../internal/disk.node.ts";
import { regardless } from "../internal/failures.ts";
import { makeFolder } from "../internal/make-folder.node.ts";
import { checkPatch } from "./chunk-writer.ts";
import { checkFileName } from "./file-name.ts";
import type { ChunkedFiles, FileInfo, FileWriter, StoredFile } from "./files.ts";
import { streamFile } from "./stream-file.ts";

/**
 * Files in one folder of the host. `ROOT/tmp` holds what is being written; a commit syncs it and renames it to
 * `ROOT/files`, where a name's slashes are written as `%`, so that `a` and `a/b` can both be files.
 */
export class FsFiles implements ChunkedFiles {
  readonly #files: string;
  readonly #tmp: string;
  #counter = 0;

  private constructor(root: string) {
    this.#files = join(root, "files");
    this.#tmp = join(root, "tmp");
  }

  static async open(root: string): Promise<FsFiles> {
    const files = new FsFiles(root);
    for (const folder of [files.#files, files.#tmp]) await onDisk(makeFolder(folder, 0o700));
    return files;
  }

  async create(name: string): Promise<FileWriter> {
    checkFileName(name);
    this.#counter += 1;
    const path = join(this.#tmp, `${process.pid}-${this.#counter}`);
    const handle = await onDisk(open(path, "wx+", 0o600));
    return new FsWriter(handle, { name, path, target: this.#path(name), folder: this.#files });
  }

  async open(name: string): Promise<StoredFile | undefined> {
    checkFileName(name);
    try {
      return new FsFile(name, openSync(this.#path(name), "r"));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw diskError(error);
    }
  }

  async remove(name: string): Promise<void> {
    checkFileName(name);
    await onDisk(rm(this.#path(name), { force: true }));
  }

  async list(prefix: string): Promise<readonly FileInfo[]> {
    const entries = await onDisk(readdir(this.#files));
    const names = entries.map((entry) => entry.replaceAll("%", "/")).filter((name) => name.startsWith(prefix));
    const infos = await Promise.all(names.map((name) => this.#info(name)));
    return infos.filter((info) => info !== undefined);
  }

  async sweep(): Promise<void> {
    const left = await onDisk(readdir(this.#tmp));
    await Promise.all(left.map((entry) => rm(join(this.#tmp, entry), { recursive: true, force: true })));
  }

  async #info(name: string): Promise<FileInfo | undefined> {
    try {
      return { name, size: (await stat(this.#path(name))).size };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw diskError(error);
    }
  }

  #path(name: string): string {
    return join(this.#files, name.replaceAll("/", "%"));
  }
}

interface FsWriterPaths {
  readonly name: string;
  readonly path: string;
  readonly target: string;
  readonly folder: string;
}

/** Small writes are gathered, so that a stream of small pieces does not cost a system call each. */
const gatherSize = 1024 * 1024;

class FsWriter implements FileWriter {
  readonly #handle: FileHandle;
  readonly #paths: FsWriterPaths;
  readonly #gathered = new Uint8Array(gatherSize);
  #pending = 0;
  #size = 0;
  #done = false;

  constructor(handle: FileHandle, paths: FsWriterPaths) {
    this.#handle = handle;
    this.#paths = paths;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#checkOpen();
    if (this.#pending + bytes.length > gatherSize) await this.#flush();
    if (bytes.length >= gatherSize) {
      await this.#writeAt(this.#size, bytes);
    } else {
      this.#gathered.set(bytes, this.#pending);
      this.#pending += bytes.length;
    }
    this.#size += bytes.length;
  }

  async patch(offset: number, bytes: Uint8Array): Promise<void> {
    this.#checkOpen();
    checkPatch(offset, bytes.length, this.#size);
    await this.#flush();
    await this.#writeAt(offset, bytes);
  }

  async commit(): Promise<FileInfo> {
    this.#checkOpen();
    try {
      await this.#flush();
      await onDisk(this.#handle.sync());
      await this.#handle.close();
      await onDisk(rename(this.#paths.path, this.#paths.target));
      this.#done = true;
      await syncFolder(this.#paths.folder);
    } catch (error) {
      await this.abort();
      throw error;
    }
    return { name: this.#paths.name, size: this.#size };
  }

  async abort(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    await regardless(this.#handle.close());
    await rm(this.#paths.path, { force: true });
  }

  async #flush(): Promise<void> {
    if (this.#pending === 0) return;
    const bytes = this.#gathered.subarray(0, this.#pending);
    await this.#writeAt(this.#size - this.#pending, bytes);
    this.#pending = 0;
  }

  async #writeAt(offset: number, bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const left = bytes.length - written;
      const answer = await onDisk(this.#handle.write(bytes, written, left, offset + written));
      written += answer.bytesWritten;
    }
  }

  #checkOpen(): void {
    if (this.#done) throw system(`the writer of ${this.#paths.name} is closed`);
  }
}

/** Reads synchronously: the guest's page faults wait for it, and the data mostly is in the host's page cache. */
class FsFile implements StoredFile {
  readonly name: string;
  readonly size: number;
  #fd: number | undefined;

  constructor(name: string, fd: number) {
    this.name = name;
    this.#fd = fd;
    this.size = fstatSync(fd).size;
  }

  readAt(offset: number, length: number): Uint8Array {
    if (this.#fd === undefined) throw system(`${this.name} is closed`);
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    const bytes = new Uint8Array(wanted);
    let read = 0;
    while (read < wanted) {
      const count = readSync(this.#fd, bytes, read, wanted - read, offset + read);
      if (count === 0) break;
      read += count;
    }
    return bytes.subarray(0, read);
  }

  stream(options?: { readonly offset?: number; readonly signal?: AbortSignal }): ReadableStream<Uint8Array> {
    return streamFile(this, options);
  }

  async close(): Promise<void> {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
