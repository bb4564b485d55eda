import type { Platform } from "../api/types/common.ts";
import type { ContainerCreateRequest } from "../api/types/container.ts";
import type { EventMessage } from "../api/types/events.ts";
import type { ImageConfig } from "../api/types/image.ts";
import { MemoryFiles } from "../content/memory.ts";
import { errorMessage, notFound } from "../errdefs/errors.ts";
import { Events } from "../events/events.ts";
import type { Clock } from "../internal/clock.ts";
import { systemClock } from "../internal/clock.ts";
import { LogStore } from "../logger/log-store.ts";
import { MemoryRecords } from "../metadata/memory.ts";
import type { RecordStore } from "../metadata/records.ts";
import { PredefinedSandboxes } from "../network/predefined.ts";
import { FakeRuntime } from "../runtime/fake-runtime.ts";
import { type Guest, GuestError, type GuestOperation } from "../shim/guest.ts";
import { FakeSnapshotter } from "../snapshots/fake-snapshotter.ts";
import type { AcquireVolume } from "../volumes/volume-store.ts";
import type { ContainersComponents } from "./components.ts";
import { Containers } from "./containers.ts";

/** An engine's containers on a fake runtime, for tests. Pauses of its clock last until `advance`. */
export class Fixture {
  readonly runtime = new FakeRuntime();
  readonly clock = new StoppedClock();
  readonly events: Events;
  /** Of images that are not for linux/386. */
  readonly platforms = new Map<string, Platform>();
  readonly images = new Map<string, ImageConfig>([
    ["busybox", { Cmd: ["true"] }],
    ["cat", { Cmd: ["cat"] }],
    ["sleeper", { Cmd: ["sleep", "1000"] }],
    ["empty", {}],
  ]);
  readonly snapshots = new FakeSnapshotter(["sha256:1"]);
  readonly volumes = new MemoryVolumes();
  readonly files = new MemoryFiles();
  /** What was reported because no client waited for it. */
  readonly failures: string[] = [];
  /** Why there is no guest to be had. */
  noGuest: Error | undefined;
  /** What the guest says of itself. */
  readonly info = { protocol: 0, kernel: "6.12.38", memory: 256 << 20 };
  readonly guestFiles = new Set<string>(["/exists"]);
  /** What the guest was asked for directly. */
  readonly guestOperations: GuestOperation[] = [];
  /** The kernel's word for paths below /shared, by the path there. */
  readonly bindRefusals = new Map<string, string>();
  /** Images that containers are being made of. */
  held = 0;
  /** Layers that removed containers had. */
  readonly collected: string[] = [];
  readonly records: RecordStore;
  #gone: ((reason: string) => void)[] = [];

  constructor(records: RecordStore = new MemoryRecords()) {
    this.records = records;
    this.events = new Events({ clock: this.clock });
  }

  get components(): ContainersComponents {
    const running = { guest: this.#guest(), runtime: this.runtime };
    return {
      records: this.records,
      images: {
        get: async (reference) => {
          const config = this.images.get(reference);
          if (!config) throw notFound(`No such image: ${reference}:latest`);
          this.held++;
          const release = async () => void this.held--;
          return {
            id: `sha256:${reference}`,
            config,
            diffIds: ["sha256:1"],
            platform: this.platforms.get(reference) ?? { os: "linux", architecture: "386" },
            release,
          };
        },
        resolve: async (reference) => (this.images.has(reference) ? `sha256:${reference}` : undefined),
        layersSize: (diffIds) => diffIds.length * 1000,
        collectLayers: async (diffIds) => void this.collected.push(...diffIds),
      },
      volumes: this.volumes,
      binds: {
        resolve: (source) => {
          if (source.startsWith("/secret")) return undefined;
          return source.startsWith("/shared/") ? { root: "/shares/0", path: source.slice(8) } : { path: source };
        },
        hint: "share it with --share",
      },
      snapshotter: this.snapshots,
      sandboxes: new PredefinedSandboxes({ networkId: (name) => `id-of-${name}` }),
      host: {
        machine: { id: "machine", cpus: 1, memory: 256 << 20, platforms: [{ os: "linux", architecture: "386" }] },
        current: async () => {
          if (this.noGuest) throw this.noGuest;
          return running;
        },
        running,
        onGone: (listener) => {
          this.#gone.push(listener);
          return { dispose: () => undefined };
        },
      },
      events: this.events,
      logs: new LogStore({ files: this.files, clock: this.clock }),
      clock: this.clock,
      onError: (operation, error) => void this.failures.push(`${operation}: ${errorMessage(error)}`),
    };
  }

  open(): Promise<Containers> {
    return Containers.open(this.components);
  }

  loseGuest(): void {
    this.snapshots.reset();
    this.runtime.lose();
    for (const listener of this.#gone) listener("panic");
  }

  /** What has been published, as `action` or `action key=value` for the attribute keys that are asked for. */
  async published(...keys: string[]): Promise<string[]> {
    return this.publishedOf(["container"], ...keys);
  }

  async publishedOf(types: string[], ...keys: string[]): Promise<string[]> {
    const stream = this.events.subscribe({
      since: 0n,
      until: this.clock.nanos(),
      filters: new Map([["type", types]]),
    });
    const messages: EventMessage[] = [];
    for await (const message of stream) messages.push(message);
    return messages.map(({ Action, Actor }) =>
      [Action, ...keys.flatMap((key) => (key in Actor.Attributes ? [`${key}=${Actor.Attributes[key]}`] : []))].join(
        " ",
      ),
    );
  }

  #guest(): Guest {
    const guest: Partial<Guest> = {
      info: this.info,
      run: async (operations) => {
        this.guestOperations.push(...operations);
        for (const operation of operations) {
          const code = operation.op === "bind" ? this.bindRefusals.get(operation.source) : undefined;
          if (code) throw new GuestError(1, code, operation.op);
        }
      },
      readDir: async () => ["null", "kmsg"],
      readFile: async (path) => {
        if (this.guestFiles.has(path)) return new Uint8Array(0);
        throw new GuestError(2, "ENOENT", path);
      },
    };
    return guest as Guest;
  }
}

export function request(image: string, more: Partial<ContainerCreateRequest> = {}): ContainerCreateRequest {
  return { Image: image, ...more };
}

/** Real time stamps; sleepers wait for `advance`. */
class StoppedClock implements Clock {
  readonly #system = systemClock();
  #sleepers: { readonly milliseconds: number; readonly wake: () => void }[] = [];

  now(): Date {
    return this.#system.now();
  }

  nanos(): bigint {
    return this.#system.nanos();
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper = { milliseconds, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      });
    });
  }

  /** How long each sleeper wants to sleep. */
  get sleeping(): readonly number[] {
    return this.#sleepers.map(({ milliseconds }) => milliseconds);
  }

  /** Wakes everybody. */
  advance(): void {
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const { wake } of sleepers) wake();
  }
}

class MemoryVolumes {
  readonly users = new Map<string, Set<string>>();
  /** Of every volume. */
  flags: readonly string[] = [];
  /** How many mounts of fresh volumes were said to be filled. */
  filled = 0;
  #count = 0;

  async acquire({ name = `anonymous${++this.#count}`, container }: AcquireVolume) {
    const users = this.users.get(name) ?? new Set<string>();
    this.users.set(name, users.add(container));
    return { name, driver: "local", mountpoint: `/volumes/${name}/_data` };
  }

  async release(name: string, container: string): Promise<void> {
    this.users.get(name)?.delete(container);
  }

  async removeUnused(name: string): Promise<void> {
    if (this.users.get(name)?.size === 0) this.users.delete(name);
  }

  async mount() {
    return { flags: this.flags, fresh: true, filled: () => void this.filled++ };
  }
}
