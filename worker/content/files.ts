import type { RandomAccess } from "../internal/random-access.ts";

/**
 * Named, immutable files of bytes, kept in chunks: the one thing that the environment provides for bulk data. Blobs, EROFS
 * layer images and logs are kept in it. A file is visible only once it was committed; what was not committed when the
 * process died is gone after `sweep()`.
 * Names match /^[a-z0-9][a-z0-9._:+-]*(\/[a-z0-9][a-z0-9._:+-]*)*$/i and never climb.
 */
export interface ChunkedFiles {
  /** Starts a file. Several writers of one name may be at work: the last commit wins, whole. */
  create(name: string): Promise<FileWriter>;
  /** Opens a committed file, or answers undefined. */
  open(name: string): Promise<StoredFile | undefined>;
  /** Removes a file. A reader that is open may fail from then on. No error when there is none. */
  remove(name: string): Promise<void>;
  /** Committed files whose name starts with `prefix`, in no order. */
  list(prefix: string): Promise<readonly FileInfo[]>;
  /** Drops what dead writers left. Call once, before the first `create`. */
  sweep(): Promise<void>;
}

export interface FileInfo {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

export interface FileWriter {
  /** Appends; the array is copied or written before the promise resolves. Rejects with `System` when the disk or quota is full. */
  write(bytes: Uint8Array): Promise<void>;
  /** Overwrites bytes that were already written. */
  patch(offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes the file durable, then visible, in that order. */
  commit(): Promise<FileInfo>;
  /** Drops it. After `commit` it does nothing. */
  abort(): Promise<void>;
}

export interface StoredFile extends RandomAccess {
  readonly name: string;
  stream(options?: { readonly offset?: number; readonly signal?: AbortSignal }): ReadableStream<Uint8Array>;
  close(): Promise<void>;
}
