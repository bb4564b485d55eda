import type { Digest } from "../oci/digest.ts";

/** Turns the archives of layers into what the guest mounts. `LayerImages` of worker/snapshots is one. */
export interface LayerUnpacker {
  /**
   * Unpacks a layer unless that was done before. Rejects with `InvalidParameter` when the archive is corrupt, too large, does
   * not stay in its tree or is not what `diffId` says.
   */
  ensure(options: UnpackOptions): Promise<{ readonly contentSize: number }>;
  remove(diffId: Digest): Promise<void>;
  /** All that were unpacked. */
  list(): Promise<readonly Digest[]>;
}

interface UnpackOptions {
  readonly diffId: Digest;
  /** Opens the layer's blob, compressed as it came. */
  readonly open: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  /** Bytes that the uncompressed archive may have. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  /** Bytes of the blob that were read so far. */
  readonly onProgress?: (done: number) => void;
}
