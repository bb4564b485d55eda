import type { Lock } from "../internal/lock.ts";
import type { Digest } from "../oci/digest.ts";

/** Holds blobs and layers that no image names yet. */
export interface Lease {
  /** Once it resolves, what is there stays there, and what is not can be brought in. */
  holdBlobs(digests: readonly Digest[]): Promise<void>;
  holdLayers(diffIds: readonly Digest[]): Promise<void>;
}

interface Held {
  readonly blobs: Set<Digest>;
  readonly layers: Set<Digest>;
}

/** All leases. They are kept in memory: a killed engine's leases die with what it was doing. */
export class Leases {
  readonly #held = new Map<Lease, Held>();

  /** Taking hold waits for `lock`, and so for a collection that may be about to remove what is asked for. */
  create(lock: Lock): Lease {
    const held: Held = { blobs: new Set(), layers: new Set() };
    const hold = (set: Set<Digest>, digests: readonly Digest[]) =>
      lock.run(() => {
        for (const digest of digests) set.add(digest);
      });
    const lease: Lease = {
      holdBlobs: (digests) => hold(held.blobs, digests),
      holdLayers: (diffIds) => hold(held.layers, diffIds),
    };
    this.#held.set(lease, held);
    return lease;
  }

  /** Answers what it held. */
  end(lease: Lease): { readonly blobs: ReadonlySet<Digest>; readonly layers: ReadonlySet<Digest> } {
    const held = this.#held.get(lease);
    this.#held.delete(lease);
    return held ?? { blobs: new Set(), layers: new Set() };
  }

  *blobs(): Iterable<Digest> {
    for (const { blobs } of this.#held.values()) yield* blobs;
  }

  *layers(): Iterable<Digest> {
    for (const { layers } of this.#held.values()) yield* layers;
  }
}
