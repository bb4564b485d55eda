import type { Digest } from "../oci/digest.ts";
import type { StoredFile } from "./files.ts";

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/**
 * Blobs by digest: the original compressed layers, configs and manifests. A blob is visible only when it is complete and
 * its digest was verified.
 */
export interface ContentStore {
  info(digest: Digest): Promise<BlobInfo | undefined>;
  /** Rejects with `NotFound`. */
  open(digest: Digest): Promise<StoredFile>;
  /**
   * Reads a small blob whole (manifests, configs), and verifies it again. Rejects with `NotFound`, with `InvalidParameter` over
   * `limit` bytes, and with `System` when the disk no longer has what was written.
   */
  read(digest: Digest, limit?: number): Promise<Uint8Array>;
  /** Starts an ingest. `expected.size`, when known, bounds it. */
  ingest(expected: { readonly digest: Digest; readonly size?: number }): Promise<Ingest>;
  remove(digest: Digest): Promise<void>;
  list(): Promise<readonly BlobInfo[]>;
}

export interface Ingest {
  /** Appends and hashes. Rejects with `InvalidParameter` once more than the expected size was written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Verifies digest and size, then makes the blob visible. Rejects with `InvalidParameter` on a mismatch; nothing is then kept. */
  commit(): Promise<BlobInfo>;
  abort(): Promise<void>;
}
