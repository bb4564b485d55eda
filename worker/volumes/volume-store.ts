import type { Filters, Labels } from "../api/types/common.ts";
import type { Volume, VolumeCreateRequest, VolumeListResponse, VolumesPruneReport } from "../api/types/volume.ts";
import { conflict, notFound, system } from "../errdefs/errors.ts";
import type { Events } from "../events/events.ts";
import type { Clock } from "../internal/clock.ts";
import { generateId } from "../internal/ids.ts";
import { Lock } from "../internal/lock.ts";
import type { Json, RecordStore } from "../metadata/records.ts";
import { errnoText } from "../shim/errno.ts";
import { type Guest, GuestError } from "../shim/guest.ts";
import {
  type BindPlaces,
  checkDriver,
  checkName,
  checkOptions,
  type DriverOptions,
  localDriver,
  makeOperations,
  mountFailure,
  mountFlags,
  mountpointOf,
  removeOperations,
} from "./local-driver.ts";
import { anonymousLabel, listFilter, pruneFilter } from "./volume-filters.ts";

type VolumeGuest = Pick<Guest, "run" | "readDir" | "usage">;

export interface VolumeStoreComponents {
  readonly records: RecordStore;
  /** The guest that runs now; undefined when there is none. */
  readonly guest: () => VolumeGuest | undefined;
  readonly binds: BindPlaces;
  readonly events: Pick<Events, "publish">;
  readonly clock: Pick<Clock, "now">;
}

/** What a container asks for. Without a name the volume is anonymous. */
export interface AcquireVolume {
  readonly name?: string;
  readonly container: string;
  readonly driver?: string;
  readonly driverOptions?: DriverOptions;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A volume that is ready to be bound. */
export interface VolumeMount {
  /** Such as `ro`, for the mount of it in the container. */
  readonly flags: readonly string[];
  readonly fresh: boolean;
  /** Call it when a fresh volume was filled, or will not be: others who mount it wait for that. */
  filled(): void;
}

interface VolumeRecord {
  readonly name: string;
  readonly createdAt: string;
  readonly labels: Labels | null;
  readonly options: DriverOptions | null;
  /** Whether a container ever had it: then there was content. */
  readonly used: boolean;
}

interface Entry {
  record: VolumeRecord;
  readonly users: Set<string>;
  /** Whether its folder is there in the guest that runs now. */
  made: boolean;
  /** Settles when the container that fills it is done with that. */
  filling: Promise<void> | undefined;
  /** Whether a guest took its content along and no container has had it since. */
  lost: boolean;
}

const bucket = "volumes/";

/**
 * Named and anonymous volumes of the local driver. Names, labels and options are durable records; contents are in the
 * guest's memory until a durable disk holds them. So a volume outlives its guest, but is empty then, as if it were new: the next
 * container that mounts it fills it from its image, and until then `inspect` says in `Status` that the content was lost
 * (docs/decisions/030). Call `load` once, and `reset` when a guest is gone.
 */
export class VolumeStore {
  readonly #components: VolumeStoreComponents;
  readonly #volumes = new Map<string, Entry>();
  /** Creating, removing and filling a volume are each several steps. */
  readonly #lock = new Lock();

  constructor(components: VolumeStoreComponents) {
    this.#components = components;
  }

  /** Reads the records. Containers then name the volumes they use with `acquire`. */
  async load(): Promise<void> {
    for (const [key, value] of await this.#components.records.list(bucket)) {
      const record = readRecord(value, key);
      this.#volumes.set(record.name, { record, users: new Set(), made: false, filling: undefined, lost: record.used });
    }
  }

  reset(): void {
    for (const entry of this.#volumes.values()) {
      entry.lost ||= entry.made && entry.record.used;
      entry.made = false;
      // Whoever fills it fills what is gone.
      entry.filling = undefined;
    }
  }

  async create(request: VolumeCreateRequest): Promise<Volume> {
    const entry = await this.#lock.run(() => this.#create(request));
    return shown(entry);
  }

  async list(filters: Filters = new Map()): Promise<VolumeListResponse> {
    const matches = listFilter(filters);
    const entries = [...this.#volumes.values()].filter((entry) => matches(filtered(entry)));
    entries.sort((a, b) => (a.record.name < b.record.name ? -1 : 1));
    return { Volumes: entries.map(shown), Warnings: null };
  }

  /** Rejects with `NotFound`. */
  async inspect(name: string): Promise<Volume> {
    return shown(this.#get(name));
  }

  /** Rejects with `NotFound` unless forced, with `Conflict` while a container uses it. */
  remove(name: string, options: { readonly force: boolean } = { force: false }): Promise<void> {
    return this.#lock.run(async () => {
      const entry = this.#volumes.get(name);
      if (!entry && options.force) return;
      await this.#remove(this.#get(name));
    });
  }

  async prune(filters: Filters = new Map()): Promise<VolumesPruneReport> {
    const matches = pruneFilter(filters);
    return this.#lock.run(async () => {
      const deleted: string[] = [];
      let reclaimed = 0;
      for (const entry of [...this.#volumes.values()]) {
        if (entry.users.size > 0 || !matches(filtered(entry))) continue;
        reclaimed += await this.#size(entry);
        await this.#remove(entry);
        deleted.push(entry.record.name);
      }
      this.#components.events.publish("volume", "prune", "", { reclaimed: String(reclaimed) });
      return { VolumesDeleted: deleted, SpaceReclaimed: reclaimed };
    });
  }

  /** Volumes with how many containers use them and how large they are (`GET /system/df`); without those that are a mount. */
  async usage(): Promise<readonly Volume[]> {
    const volumes: Volume[] = [];
    for (const entry of this.#volumes.values()) {
      if (!isLocal(entry)) continue;
      volumes.push({ ...shown(entry), UsageData: { RefCount: entry.users.size, Size: await this.#size(entry) } });
    }
    return volumes;
  }

  /** Finds or makes a volume, and notes that the container uses it. Repeating it is harmless. */
  acquire(options: AcquireVolume): Promise<{ name: string; driver: string; mountpoint: string }> {
    return this.#lock.run(async () => {
      const entry = await this.#create({
        ...(options.name !== undefined && { Name: options.name }),
        ...(options.driver !== undefined && { Driver: options.driver }),
        ...(options.driverOptions !== undefined && { DriverOpts: options.driverOptions }),
        ...(options.labels !== undefined && { Labels: options.labels }),
      });
      entry.users.add(options.container);
      const { name } = entry.record;
      return { name, driver: localDriver, mountpoint: mountpointOf(name) };
    });
  }

  /** The container is gone. No error when the volume is. */
  async release(name: string, container: string): Promise<void> {
    this.#volumes.get(name)?.users.delete(container);
  }

  /** Removes a volume unless something uses it. */
  removeUnused(name: string): Promise<void> {
    return this.#lock.run(async () => {
      const entry = this.#volumes.get(name);
      if (entry && entry.users.size === 0) await this.#remove(entry);
    });
  }

  /**
   * Makes the volume ready to be bound. Answers whether it is empty, so
   * that the image's content belongs into it. That is told to one caller at a time: others wait until it has called `filled`,
   * however its filling went. Rejects with `NotFound`, and with `GuestError` when the guest refuses.
   */
  async mount(name: string): Promise<VolumeMount> {
    for (;;) {
      await this.#get(name).filling;
      const mounted = await this.#mount(name);
      if (mounted) return mounted;
    }
  }

  /** Undefined when another came first, who fills it. */
  #mount(name: string): Promise<VolumeMount | undefined> {
    return this.#lock.run(async () => {
      const entry = this.#get(name);
      if (entry.filling) return undefined;
      const guest = this.#components.guest();
      if (!guest) throw system(`error while mounting volume '${mountpointOf(name)}': no guest runs`);
      if (!entry.record.used) await this.#save(entry, { ...entry.record, used: true });
      if (!entry.made) await this.#make(guest, name, entry.record.options ?? {});
      entry.made = true;
      entry.lost = false;
      const flags = mountFlags(entry.record.options ?? {});
      const fresh = !flags.includes("ro") && (await isEmpty(guest, mountpointOf(name)));
      if (!fresh) return { flags, fresh, filled: () => undefined };
      const { promise, resolve } = deferred();
      entry.filling = promise;
      const filled = () => {
        if (entry.filling === promise) entry.filling = undefined;
        resolve();
      };
      return { flags, fresh, filled };
    });
  }

  async #make(guest: VolumeGuest, name: string, options: DriverOptions): Promise<void> {
    try {
      await guest.run(makeOperations(name, options, this.#components.binds));
    } catch (error) {
      if (!options.device || !(error instanceof GuestError)) throw error;
      // A symlink that leads out of a shared folder leads nowhere.
      throw mountFailure(name, options, errnoText(error.code === "EXDEV" ? "ENOENT" : error.code));
    }
  }

  #get(name: string): Entry {
    const entry = this.#volumes.get(name);
    if (!entry) throw notFound(`get ${name}: no such volume`);
    return entry;
  }

  async #create(request: VolumeCreateRequest): Promise<Entry> {
    const anonymous = !request.Name;
    const name = request.Name || generateId();
    checkDriver(name, request.Driver || localDriver);
    const existing = this.#volumes.get(name);
    if (existing) return existing;
    checkName(name);
    const options = request.DriverOpts ?? {};
    checkOptions(name, options);
    const given = request.Labels ?? {};
    const labels = anonymous ? { ...given, [anonymousLabel]: "" } : given;
    const record: VolumeRecord = {
      name,
      createdAt: this.#components.clock
        .now()
        .toISOString()
        .replace(/\.\d+Z$/, "Z"),
      labels: Object.keys(labels).length > 0 ? labels : null,
      options: Object.keys(options).length > 0 ? options : null,
      used: false,
    };
    const entry: Entry = { record, users: new Set(), made: false, filling: undefined, lost: false };
    await this.#save(entry, record);
    this.#volumes.set(name, entry);
    this.#components.events.publish("volume", "create", name, { driver: localDriver });
    return entry;
  }

  async #remove(entry: Entry): Promise<void> {
    const { name, options } = entry.record;
    if (entry.users.size > 0) throw conflict(`remove ${name}: volume is in use - [${[...entry.users].join(", ")}]`);
    const guest = this.#components.guest();
    if (guest && entry.made) await guest.run(removeOperations(name, options ?? {}));
    await this.#components.records.apply([{ key: bucket + name, value: undefined }]);
    this.#volumes.delete(name);
    this.#components.events.publish("volume", "destroy", name, { driver: localDriver });
  }

  async #save(entry: Entry, record: VolumeRecord): Promise<void> {
    await this.#components.records.apply([{ key: bucket + record.name, value: { ...record } }]);
    entry.record = record;
  }

  async #size(entry: Entry): Promise<number> {
    const guest = this.#components.guest();
    if (!guest || !entry.made) return 0;
    return (await guest.usage(mountpointOf(entry.record.name))).size;
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function filtered(entry: Entry) {
  const { name, labels } = entry.record;
  return { name, labels: labels ?? {}, used: entry.users.size > 0, local: isLocal(entry) };
}

/** Whether it has a folder of its own: options make a mount of it. */
function isLocal({ record }: Entry): boolean {
  return record.options === null;
}

function shown({ record, lost }: Entry): Volume {
  return {
    CreatedAt: record.createdAt,
    Driver: localDriver,
    Labels: record.labels,
    Mountpoint: mountpointOf(record.name),
    Name: record.name,
    Options: record.options,
    Scope: "local",
    ...(lost && { Status: { Content: "lost with the guest that held it in memory" } }),
  };
}

async function isEmpty(guest: VolumeGuest, path: string): Promise<boolean> {
  try {
    return (await guest.readDir(path)).length === 0;
  } catch (error) {
    if (error instanceof GuestError && error.code === "ENOENT") return true;
    throw error;
  }
}

function readRecord(value: Json, key: string): VolumeRecord {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw system(`record ${key} is damaged`);
  const { name, createdAt, labels, options, used } = value as Record<string, Json>;
  if (typeof name !== "string" || typeof createdAt !== "string") throw system(`record ${key} is damaged`);
  return { name, createdAt, labels: textMap(labels), options: textMap(options), used: used === true };
}

function textMap(value: Json | undefined): Labels | null {
  if (!value || typeof value !== "object" || Array.isArray(value)) return null;
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
