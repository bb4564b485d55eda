import type { Digest } from "../oci/digest.ts";
import type { Mount } from "../snapshots/mount.ts";
import type { Snapshotter } from "../snapshots/snapshotter.ts";

/** A snapshotter in a guest that is booted when a snapshot is wanted and none runs: the first thing that a new container needs. */
export class BootingSnapshotter implements Snapshotter {
  readonly #inner: Snapshotter;
  readonly #boot: () => Promise<unknown>;

  constructor(inner: Snapshotter, boot: () => Promise<unknown>) {
    this.#inner = inner;
    this.#boot = boot;
  }

  get name(): string {
    return this.#inner.name;
  }

  get durable(): boolean {
    return this.#inner.durable;
  }

  async prepare(key: string, diffIds: readonly Digest[], signal?: AbortSignal): Promise<readonly Mount[]> {
    await this.#boot();
    return this.#inner.prepare(key, diffIds, signal);
  }

  mounts(key: string): Promise<readonly Mount[]> {
    return this.#inner.mounts(key);
  }

  remove(key: string): Promise<void> {
    return this.#inner.remove(key);
  }

  usage(key: string): Promise<{ readonly size: number; readonly inodes: number }> {
    return this.#inner.usage(key);
  }

  reset(): void {
    this.#inner.reset();
  }
}
