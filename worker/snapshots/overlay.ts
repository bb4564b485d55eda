import { conflict, invalidParameter, notFound } from "../errdefs/errors.ts";
import { regardless } from "../internal/failures.ts";
import { Lock } from "../internal/lock.ts";
import type { Digest } from "../oci/digest.ts";
import type { Guest, GuestOperation } from "../shim/guest.ts";
import type { HostFiles } from "../vm/machine.ts";
import { type LayerImages, layerName } from "./layer-images.ts";
import type { Mount } from "./mount.ts";
import { checkSnapshot, type Snapshotter } from "./snapshotter.ts";

export interface OverlayComponents {
  /** Asked for at each call, because a guest that died is replaced by another. Throws `Unavailable` when there is none. */
  readonly guest: () => Pick<Guest, "run" | "usage">;
  readonly files: Pick<HostFiles, "publish" | "withdraw">;
  readonly layers: Pick<LayerImages, "open">;
}

export interface OverlayOptions {
  /** Where the guest has mounted the machine's `HostFiles`. */
  readonly hostFiles?: string;
  /** Where layers are mounted: short, because all of them together must fit into one page of mount options. */
  readonly layerFolder?: string;
  readonly snapshotFolder?: string;
}

/** mount(2) takes one page of options. */
const longestOptions = 4095;

interface MountedLayer {
  readonly path: string;
  readonly file: { close(): Promise<void> };
  users: number;
}

interface Snapshot {
  readonly path: string;
  readonly diffIds: readonly Digest[];
}

/**
 * Snapshots as overlayfs: each layer is one EROFS image that the guest mounts from the host's files, once for all
 * containers; the writable layer lies on the guest's root, a tmpfs. Below an image's layers is one that has what Docker puts into
 * every container, so that an image's own files come first and none of it counts as written. A layer stays mounted when its last snapshot is removed (the
 * next container will want it) until `release`.
 */
export class OverlaySnapshotter implements Snapshotter {
  readonly name = "overlay2";
  readonly durable = false;
  readonly #components: OverlayComponents;
  readonly #hostFiles: string;
  readonly #layerFolder: string;
  readonly #snapshotFolder: string;
  /** Operations in the guest build on each other, so they are decided and sent one after the other. */
  readonly #lock = new Lock();
  readonly #layers = new Map<Digest, MountedLayer>();
  readonly #snapshots = new Map<string, Snapshot>();
  #ready = false;
  #mounted = 0;
  #generation = 0;

  constructor(components: OverlayComponents, options: OverlayOptions = {}) {
    this.#components = components;
    this.#hostFiles = options.hostFiles ?? "/run/wherry/host";
    this.#layerFolder = options.layerFolder ?? "/run/wherry/l";
    this.#snapshotFolder = options.snapshotFolder ?? "/var/lib/wherry/snapshots";
  }

  prepare(key: string, diffIds: readonly Digest[], signal?: AbortSignal): Promise<readonly Mount[]> {
    return this.#lock.run(async () => {
      signal?.throwIfAborted();
      checkSnapshot(key, diffIds);
      if (this.#snapshots.has(key)) throw conflict(`snapshot ${key} already exists`);
      return this.#prepare(key, diffIds, signal);
    });
  }

  async mounts(key: string): Promise<readonly Mount[]> {
    const snapshot = this.#snapshots.get(key);
    if (!snapshot) throw notFound(`snapshot ${key} does not exist`);
    return this.#mountsOf(snapshot);
  }

  remove(key: string): Promise<void> {
    return this.#lock.run(async () => {
      const snapshot = this.#snapshots.get(key);
      if (!snapshot) return;
      await this.#components.guest().run([{ op: "remove", path: snapshot.path, recursive: true, missingOk: true }]);
      if (!this.#snapshots.delete(key)) return;
      for (const diffId of new Set(snapshot.diffIds)) this.#use(diffId, -1);
    });
  }

  async usage(key: string): Promise<{ readonly size: number; readonly inodes: number }> {
    const snapshot = this.#snapshots.get(key);
    if (!snapshot) throw notFound(`snapshot ${key} does not exist`);
    return this.#components.guest().usage(`${snapshot.path}/upper`);
  }

  /** Unmounts a layer whose image is about to be removed. `Conflict` while a snapshot uses it; no error when it is not mounted. */
  release(diffId: Digest): Promise<void> {
    return this.#lock.run(async () => {
      const layer = this.#layers.get(diffId);
      if (!layer) return;
      if (layer.users > 0) throw conflict(`layer ${diffId} is in use`);
      // Lazily: what of a removed container is still being cleared away must not keep it.
      await this.#components.guest().run([{ op: "unmount", target: layer.path, lazy: true, missingOk: true }]);
      // With its guest gone meanwhile, it was withdrawn already.
      if (this.#layers.get(diffId) !== layer) return;
      this.#layers.delete(diffId);
      await this.#withdraw(diffId, layer.file);
    });
  }

  reset(): void {
    for (const [diffId, layer] of this.#layers) void this.#withdraw(diffId, layer.file);
    this.#layers.clear();
    this.#snapshots.clear();
    this.#ready = false;
    this.#generation++;
  }

  async #prepare(key: string, diffIds: readonly Digest[], signal: AbortSignal | undefined): Promise<readonly Mount[]> {
    const generation = this.#generation;
    const guest = this.#components.guest();
    const path = `${this.#snapshotFolder}/${key}`;
    const added = new Map<Digest, MountedLayer>();
    const forget = async () => {
      for (const [diffId, layer] of added) await this.#withdraw(diffId, layer.file);
    };
    try {
      const operations = this.#ready ? [] : this.#foundations();
      for (const diffId of new Set(diffIds)) {
        if (this.#layers.has(diffId)) continue;
        const layer = await this.#publish(diffId);
        added.set(diffId, layer);
        operations.push(...this.#mountLayer(diffId, layer.path));
      }
      const snapshot: Snapshot = { path, diffIds };
      const mounts = this.#mountsOf(snapshot, added);
      signal?.throwIfAborted();
      operations.push({ op: "mkdir", path: `${path}/upper`, mode: 0o755, parents: true });
      operations.push({ op: "mkdir", path: `${path}/work`, mode: 0o700 });
      await guest.run(operations);
      if (generation !== this.#generation) throw notFound(`snapshot ${key} is gone with its guest`);
      this.#ready = true;
      for (const [diffId, layer] of added) this.#layers.set(diffId, layer);
      for (const diffId of new Set(diffIds)) this.#use(diffId, 1);
      this.#snapshots.set(key, snapshot);
      return mounts;
    } catch (error) {
      await this.#undo(guest, path, added, generation);
      await forget();
      throw error;
    }
  }

  /** Takes back what a batch may have done before it failed. The first error is the one to tell. */
  async #undo(
    guest: Pick<Guest, "run">,
    path: string,
    added: ReadonlyMap<Digest, MountedLayer>,
    generation: number,
  ): Promise<void> {
    if (generation !== this.#generation) return;
    const operations: GuestOperation[] = [{ op: "remove", path, recursive: true, missingOk: true }];
    for (const layer of added.values())
      operations.push({ op: "unmount", target: layer.path, lazy: true, missingOk: true });
    await regardless(guest.run(operations));
  }

  get #baseLayer(): string {
    return `${this.#layerFolder}/.base`;
  }

  #foundations(): GuestOperation[] {
    return [
      { op: "mkdir", path: this.#layerFolder, mode: 0o700, parents: true },
      { op: "mkdir", path: this.#snapshotFolder, mode: 0o700, parents: true },
      ...baseLayer(this.#baseLayer),
    ];
  }

  async #publish(diffId: Digest): Promise<MountedLayer> {
    const file = await this.#components.layers.open(diffId);
    this.#components.files.publish(layerName(diffId), file);
    // Counted, not derived from the digest: the start of a digest can be made to collide.
    return { path: `${this.#layerFolder}/${(this.#mounted++).toString(36)}`, file, users: 0 };
  }

  async #withdraw(diffId: Digest, file: { close(): Promise<void> }): Promise<void> {
    this.#components.files.withdraw(layerName(diffId));
    await file.close();
  }

  #mountLayer(diffId: Digest, path: string): GuestOperation[] {
    const source = `${this.#hostFiles}/layers/${layerName(diffId)}`;
    return [
      { op: "mkdir", path, mode: 0o755 },
      { op: "mount", source, target: path, type: "erofs", options: ["ro"] },
    ];
  }

  #use(diffId: Digest, change: 1 | -1): void {
    const layer = this.#layers.get(diffId);
    if (layer) layer.users += change;
  }

  #mountsOf(snapshot: Snapshot, added?: ReadonlyMap<Digest, MountedLayer>): readonly Mount[] {
    const { path, diffIds } = snapshot;
    const lower = uniqueFromTop(diffIds).map((diffId) => {
      const layer = added?.get(diffId) ?? this.#layers.get(diffId);
      if (!layer) throw notFound(`layer ${diffId} is not mounted`);
      return layer.path;
    });
    const options = [
      `lowerdir=${[...lower, this.#baseLayer].join(":")}`,
      `upperdir=${path}/upper`,
      `workdir=${path}/work`,
    ];
    if (options.join(",").length > longestOptions) throw invalidParameter("max depth exceeded");
    return [{ type: "overlay", source: "overlay", options }];
  }
}

/** `.dockerenv`, by which programs know a container, `/etc/mtab`, and the places that are mounted over. */
function baseLayer(root: string): GuestOperation[] {
  const folders = ["", "/dev", "/etc", "/proc", "/sys"].map((name) => `${root}${name}`);
  const empty = (name: string, mode: number): GuestOperation => {
    return { op: "write", path: `${root}${name}`, bytes: new Uint8Array(0), mode };
  };
  return [
    // What a batch that failed left.
    { op: "remove", path: root, recursive: true, missingOk: true },
    ...folders.map((path): GuestOperation => ({ op: "mkdir", path, mode: 0o755 })),
    empty("/.dockerenv", 0o755),
    ...["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"].map((name) => empty(name, 0o644)),
    { op: "symlink", target: "/proc/mounts", path: `${root}/etc/mtab` },
  ];
}

/**
 * The layers from the topmost down, each once: what a layer says counts where it stands highest, and overlayfs refuses one
 * directory twice. (An empty layer often occurs several times in an image.)
 */
function uniqueFromTop(diffIds: readonly Digest[]): readonly Digest[] {
  return [...new Set([...diffIds].reverse())];
}
