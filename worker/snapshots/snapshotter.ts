import { invalidParameter } from "../errdefs/errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { Mount } from "./mount.ts";

/** Docker's own limit for overlay2; the kernel would take 500. */
const mostLayers = 127;

/**
 * Root filesystems for containers: read-only layers below, one writable layer above. Named after containerd's snapshotter.
 * The layers' EROFS images have been unpacked before (`LayerImages.ensure`).
 */
export interface Snapshotter {
  readonly name: string;
  /** Whether a writable layer outlives the guest. While it is false the engine tells the user what a dead guest took along. */
  readonly durable: boolean;
  /** Makes a writable snapshot over `diffIds` (lowest first) and answers how to mount it. `Conflict` when the key is in use. */
  prepare(key: string, diffIds: readonly Digest[], signal?: AbortSignal): Promise<readonly Mount[]>;
  /** How to mount an existing snapshot; `NotFound` when it is gone (the guest died). */
  mounts(key: string): Promise<readonly Mount[]>;
  /** Removes the writable layer. No error when it is gone already. */
  remove(key: string): Promise<void>;
  /** Bytes and inodes that the writable layer holds. */
  usage(key: string): Promise<{ readonly size: number; readonly inodes: number }>;
  /** Called when the guest is gone: forgets everything that was in its memory. */
  reset(): void;
}

/** What every snapshotter refuses with `InvalidParameter`: a key that is no plain name, and more layers than Docker takes. */
export function checkSnapshot(key: string, diffIds: readonly Digest[]): void {
  if (!/^[a-z0-9][a-z0-9._-]{0,127}$/i.test(key)) throw invalidParameter(`invalid snapshot key ${JSON.stringify(key)}`);
  if (diffIds.length > mostLayers) throw invalidParameter("max depth exceeded");
}
