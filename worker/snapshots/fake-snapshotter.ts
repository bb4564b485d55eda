import { conflict, notFound } from "../errdefs/errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { Mount } from "./mount.ts";
import { checkSnapshot, type Snapshotter } from "./snapshotter.ts";

/** A snapshotter without a guest, for tests of what stands on one: its snapshots are names. */
export class FakeSnapshotter implements Snapshotter {
  readonly name = "fake";
  durable = false;
  readonly keys = new Set<string>();
  readonly #unpacked: ReadonlySet<Digest>;

  /** `unpacked`: the layers that there are. */
  constructor(unpacked: Iterable<Digest>) {
    this.#unpacked = new Set(unpacked);
  }

  async prepare(key: string, diffIds: readonly Digest[], signal?: AbortSignal): Promise<readonly Mount[]> {
    signal?.throwIfAborted();
    checkSnapshot(key, diffIds);
    if (this.keys.has(key)) throw conflict(`snapshot ${key} already exists`);
    const missing = diffIds.find((diffId) => !this.#unpacked.has(diffId));
    if (missing) throw notFound(`layer ${missing} is not unpacked`);
    this.keys.add(key);
    return this.mounts(key);
  }

  async mounts(key: string): Promise<readonly Mount[]> {
    this.#check(key);
    return [{ type: "overlay", source: "overlay", options: [`upperdir=${key}`] }];
  }

  async remove(key: string): Promise<void> {
    this.keys.delete(key);
  }

  async usage(key: string): Promise<{ readonly size: number; readonly inodes: number }> {
    this.#check(key);
    return { size: 4096, inodes: 1 };
  }

  reset(): void {
    this.keys.clear();
  }

  #check(key: string): void {
    if (!this.keys.has(key)) throw notFound(`snapshot ${key} does not exist`);
  }
}
