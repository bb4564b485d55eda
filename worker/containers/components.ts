import type { Platform } from "../api/types/common.ts";
import type { ImageConfig } from "../api/types/image.ts";
import type { Events } from "../events/events.ts";
import type { Clock } from "../internal/clock.ts";
import type { Disposable } from "../internal/disposable.ts";
import type { LogStore } from "../logger/log-store.ts";
import type { RecordStore } from "../metadata/records.ts";
import type { Sandboxes } from "../network/sandbox.ts";
import type { Digest } from "../oci/digest.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Guest } from "../shim/guest.ts";
import type { Snapshotter } from "../snapshots/snapshotter.ts";
import type { VolumeStore } from "../volumes/volume-store.ts";

/** What containers need of the rest of the engine. */
export interface ContainersComponents {
  readonly records: RecordStore;
  readonly images: ImageLookup;
  readonly volumes: Pick<VolumeStore, "acquire" | "release" | "removeUnused" | "mount">;
  readonly binds: BindSources;
  readonly snapshotter: Snapshotter;
  readonly sandboxes: Sandboxes;
  readonly host: GuestHost;
  readonly events: Pick<Events, "publish">;
  readonly logs: LogStore;
  readonly clock: Clock;
  /** Told of a failure that no client waits for. */
  readonly onError?: (operation: string, error: unknown) => void;
}

export interface ImageLookup {
  /**
   * The image that a reference, ID or prefix of an ID names, for `platform` when given, ready to be run (its layers are
   * unpacked). Its layers stay until `release`, whatever happens to the image. Rejects with `NotFound`, "No such image: REFERENCE:TAG".
   */
  get(reference: string, options?: { readonly platform?: Platform; readonly signal?: AbortSignal }): Promise<HeldImage>;
  /** The ID that a reference names now; undefined when there is none. For lists. */
  resolve(reference: string): Promise<Digest | undefined>;
  /** Bytes of what is in these layers, as the size of an image is counted. */
  layersSize(diffIds: readonly Digest[]): number;
  /** A container over these layers is gone: those that nothing else holds go too. */
  collectLayers(diffIds: readonly Digest[]): Promise<void>;
}

export interface ContainerImage {
  /** Digest of the config. */
  readonly id: Digest;
  readonly config: ImageConfig;
  /** Lowest first. */
  readonly diffIds: readonly Digest[];
  readonly platform: Platform;
}

/** An image that a container is being made of. */
export interface HeldImage extends ContainerImage {
  /** Call it when a container's record holds the layers, or there will be none. */
  release(): Promise<void>;
}

/** What stands in the guest for a bind source that a client named. */
export interface BindSource {
  /** A folder of the guest that symlinks must not lead out of: those in a shared folder are the host's, not the guest's. */
  readonly root?: string;
  /** A path of the guest; with `root`, below that ("" is the folder itself). */
  readonly path: string;
}

export interface BindSources {
  /** Undefined: it cannot be reached from the guest. */
  resolve(source: string): BindSource | undefined;
  /** What the user may do about it, for the error: such as "share its folder with --share". */
  readonly hint?: string;
}

/** The guest that runs containers. */
export interface GuestHost {
  readonly machine: {
    readonly id: string;
    readonly cpus: number;
    readonly memory: number;
    /** What it runs, best first. */
    readonly platforms: readonly Platform[];
  };
  /** The guest that runs now; boots one when there is none. */
  current(): Promise<RunningGuest>;
  /** The guest that runs now, if one does. */
  readonly running: RunningGuest | undefined;
  /** Called each time that a guest is gone, with all that was in its memory. */
  onGone(listener: (reason: string) => void): Disposable;
}

export interface RunningGuest {
  readonly guest: Guest;
  readonly runtime: Runtime;
}
