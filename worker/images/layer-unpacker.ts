import type { Digest } from "../oci/digest.ts";
import type { EnsureOptions } from "../snapshots/layer-images.ts";

/** Turns the archives of layers into what the guest mounts. `LayerImages` of worker/snapshots is one. */
export interface LayerUnpacker {
  /**
   * Unpacks a layer unless that was done before. Rejects with `InvalidParameter` when the archive is corrupt, too large, does
   * not stay in its tree or is not what `diffId` says.
   */
  ensure(options: EnsureOptions): Promise<{ readonly contentSize: number }>;
  remove(diffId: Digest): Promise<void>;
  /** All that were unpacked. */
  list(): Promise<readonly Digest[]>;
}
