import { ApiRouter } from "./api/api-router.ts";
import type { EngineApi } from "./api/engine-api.ts";
import { serveConnection } from "./api/http1/serve.ts";
import type { CreateSha256 } from "./archive/sha256.ts";
import type { BindSources } from "./containers/components.ts";
import { Containers } from "./containers/containers.ts";
import { FileContentStore } from "./content/content-store.ts";
import type { ChunkedFiles } from "./content/files.ts";
import { BootingSnapshotter } from "./daemon/booting-snapshotter.ts";
import { MachineGuest } from "./daemon/guest-host.ts";
import { keepTime } from "./daemon/guest-time.ts";
import { watchGuest } from "./daemon/guest-watch.ts";
import { guestDockerSocket } from "./daemon/host-bind-sources.ts";
import { GuestHostSession } from "./daemon/host-session.ts";
import { LateImageUsers, StoredImages } from "./daemon/image-lookup.ts";
import { MountedLayers } from "./daemon/mounted-layers.ts";
import { Rehearsals } from "./daemon/rehearsal.ts";
import { type EngineFacts, System } from "./daemon/system.ts";
import type { RegistryOptions } from "./distribution/endpoints.ts";
import type { Fetch } from "./distribution/http.ts";
import type { BundledRegistry } from "./distribution/layout.ts";
import { Resolver } from "./distribution/resolver.ts";
import { errorMessage, unavailable } from "./errdefs/errors.ts";
import { Events } from "./events/events.ts";
import type { HostSession } from "./host/host-session.ts";
import { ImageStore } from "./images/image-store.ts";
import { Images } from "./images/images.ts";
import { Puller } from "./images/puller.ts";
import { type Clock, settlesWithin } from "./internal/clock.ts";
import type { Disposable } from "./internal/disposable.ts";
import { regardless } from "./internal/failures.ts";
import { generateId } from "./internal/ids.ts";
import { LogStore } from "./logger/log-store.ts";
import type { RecordStore } from "./metadata/records.ts";
import { Networks } from "./network/networks.ts";
import { PredefinedSandboxes } from "./network/predefined.ts";
import { CrunRuntime } from "./runtime/crun.ts";
import type { Guest } from "./shim/guest.ts";
import { LayerImages } from "./snapshots/layer-images.ts";
import { OverlaySnapshotter } from "./snapshots/overlay.ts";
import type { Machine, StartProgress } from "./vm/machine.ts";
import { VolumeStore } from "./volumes/volume-store.ts";

/** What the environment provides. The composition roots (worker/node.ts, worker/main.ts) choose it. */
export interface DaemonComponents {
  readonly machine: Machine;
  readonly records: RecordStore;
  readonly files: ChunkedFiles;
  readonly fetch: Fetch;
  readonly createSha256: CreateSha256;
  readonly clock: Clock;
  readonly binds: BindSources;
  readonly registries: RegistryOptions;
  /** Absent with `--no-bundled-registry`. */
  readonly bundled?: BundledRegistry;
  readonly facts: EngineFacts;
  readonly log: Log;
  readonly onProgress?: (progress: StartProgress) => void;
  /** Called with true when the guest runs but has not answered for long, and with false when it answers again. */
  readonly onGuestSilence?: (silent: boolean) => void;
}

export type LogLevel = "debug" | "info" | "warn" | "error";
export type Log = (level: LogLevel, message: string) => void;

/** Of the accepted streams that the agent allows; the rest are for the `docker` of the host's shells. */
const dockerSocketConnections = 128;

/** How long the guest may take to end its containers when the engine stops: one that hangs ends with them. As dockerd's. */
const shutdownTimeout = 15_000;

interface DaemonParts {
  readonly api: EngineApi;
  readonly host: HostSession;
  readonly guest: MachineGuest;
  readonly containers: Containers;
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly rehearsals: Rehearsals;
}

const silence =
  "the guest does not answer: it is overloaded or frozen; unless it recovers, only a new engine brings another";

/**
 * The engine. Life cycle: `start` opens what was kept, settles what a former engine left, and boots the guest; a guest that dies is
 * reported, and booted again by whatever needs one next; `stop` ends the containers and the guest, and closes what was opened.
 */
export class Daemon {
  readonly api: EngineApi;
  readonly host: HostSession;
  readonly #parts: DaemonParts;

  private constructor(parts: DaemonParts) {
    this.api = parts.api;
    this.host = parts.host;
    this.#parts = parts;
  }

  static async start(components: DaemonComponents): Promise<Daemon> {
    const { machine, records, files, clock, log, onProgress, onGuestSilence } = components;
    await files.sweep();
    // The guest's socket wants the API, which wants the guest: it is not booted before there is one.
    const late: { api?: EngineApi; containers?: Containers } = {};
    const rehearsals = new Rehearsals({
      clock,
      idle: () => machine.idle,
      inUse: () => late.containers?.usage().some(({ state }) => state === "running") ?? true,
    });
    const touch = () => rehearsals.touch();
    const host = new GuestHostSession({ current: () => guest.current() }, { onUse: touch });
    const guest = new MachineGuest({
      machine,
      now: () => clock.now(),
      runtime: (booted) => new CrunRuntime(booted),
      onBoot: async (booted) => {
        await setUp(booted, host, () => late.api);
        void keepTime(booted, { clock, counter: () => performance.now() });
        const onSilence = (silent: boolean) => {
          log("warn", silent ? silence : "the guest answers again");
          onGuestSilence?.(silent);
        };
        void watchGuest(booted, { clock, onSilence });
        void rehearsals.begin(new CrunRuntime(booted), booted.info.kernel);
      },
      ...(onProgress ? { onProgress } : {}),
    });
    guest.onGone((reason) => log("error", `the guest is gone: ${reason}; what needs one next boots another`));
    guest.onGone(() => rehearsals.end());
    const { api: router, containers } = await openEngine(components, guest);
    const api = noticed(router, touch);
    Object.assign(late, { api, containers });
    const daemon = new Daemon({ api, host, guest, containers, records, clock, rehearsals });
    try {
      await guest.current();
    } catch (error) {
      await daemon.stop();
      throw error;
    }
    return daemon;
  }

  /** Called each time that the guest is gone other than by `stop`. */
  onGuestGone(listener: (reason: string) => void): Disposable {
    return this.#parts.guest.onGone(listener);
  }

  async stop(): Promise<void> {
    const { rehearsals, containers, clock, guest, records } = this.#parts;
    rehearsals.end();
    const closed = containers.close();
    await settlesWithin(clock, closed, shutdownTimeout);
    await guest.stop();
    await closed;
    await records.close();
  }
}

/** Opens what is kept, from the bottom up. */
async function openEngine(
  components: DaemonComponents,
  guest: MachineGuest,
): Promise<{ readonly api: EngineApi; readonly containers: Containers }> {
  const { machine, records, files, clock, createSha256, registries, bundled, log } = components;
  const events = new Events({ clock });
  const content = new FileContentStore({ files, createSha256 });
  const layers = new LayerImages({ files, createSha256 });
  await layers.sweep();
  const overlay = new OverlaySnapshotter({ guest: () => runningGuest(guest), files: machine.files, layers });
  const mounted = new MountedLayers({ layers, snapshotter: overlay, log: (message) => log("debug", message) });
  const users = new LateImageUsers();
  const store = await ImageStore.open({ records, content, layers: mounted, users });
  const resolver = new Resolver(
    { fetch: components.fetch, createSha256, clock, ...(bundled ? { bundled } : {}) },
    registries,
  );
  const puller = new Puller({ resolver, images: store, content, layers, createSha256, clock });
  const snapshotter = new BootingSnapshotter(overlay, () => guest.current());
  const images = new Images({
    ...{ store, puller, resolver, users, clock, createSha256, events },
    platforms: machine.platforms,
    graphDriver: { Name: snapshotter.name, Data: null },
  });
  const networks = await Networks.open({ records, now: () => clock.now() });
  const volumes = new VolumeStore({
    records,
    guest: () => guest.running?.guest,
    binds: components.binds,
    events,
    clock,
  });
  await volumes.load();
  // Before the containers hear of it: what they ask then must know already.
  guest.onGone(() => {
    snapshotter.reset();
    volumes.reset();
  });
  const containers = await Containers.open({
    ...{ records, volumes, binds: components.binds, snapshotter, host: guest, events, clock },
    images: new StoredImages(store, images),
    sandboxes: new PredefinedSandboxes({ networkId: (name) => networks.id(name) }),
    logs: new LogStore({ files, clock }),
    onError: (operation, error) => log("error", `${operation}: ${errorMessage(error)}`),
  });
  users.containers = () => containers.usage();
  await store.collectGarbage();
  const system = new System({
    ...{ containers, images, volumes, host: guest, snapshotter, registries, events },
    id: await engineId(records),
    facts: components.facts,
    platforms: machine.platforms,
    ...(bundled ? { bundled: bundled.name } : {}),
    now: () => clock.now(),
    layersSize: () => store.layersSize(),
    authenticate: async (auth, signal) => {
      await resolver.login(auth, signal);
      return { Status: "Login Succeeded", IdentityToken: "" };
    },
  });
  const api = new ApiRouter({
    ...{ containers, execs: containers.execs, images, networks, volumes, system },
    server: `Wherry/${components.facts.version} (linux)`,
    onAnswer: ({ method, path, status }) => log("debug", `${method} ${path}: ${status}`),
    onError: (operation, error) => {
      log("error", `${operation}: ${errorMessage(error)}`);
      for (let each: unknown = error; each instanceof Error; each = each.cause) log("debug", each.stack ?? "");
    },
  });
  return { api, containers };
}

/** `api`, with `notice` called before each request. */
function noticed(api: EngineApi, notice: () => void): EngineApi {
  return {
    fetch(request) {
      notice();
      return api.fetch(request);
    },
    upgrade(request) {
      notice();
      return api.upgrade(request);
    },
  };
}

function runningGuest(guest: MachineGuest): Guest {
  if (!guest.running) throw unavailable("the guest is not running");
  return guest.running.guest;
}

/** What every guest gets: its own door to the engine, and the `docker` of its shells. */
async function setUp(guest: Guest, session: GuestHostSession, api: () => EngineApi | undefined): Promise<void> {
  const open = new Set<AbortController>();
  guest.onGone((reason) => {
    for (const gone of open) gone.abort(new Error(reason));
  });
  await guest.listen(guestDockerSocket, 0o660, (connection) => {
    const engine = api();
    if (!engine || open.size >= dockerSocketConnections) {
      regardless(connection.writable.abort());
      regardless(connection.readable.cancel());
      return;
    }
    const gone = new AbortController();
    open.add(gone);
    serveConnection(connection, engine, { signal: gone.signal }).finally(() => open.delete(gone));
  });
  await session.serve(guest);
}

async function engineId(records: RecordStore): Promise<string> {
  const kept = await records.get("engine/id");
  if (typeof kept === "string") return kept;
  const made = generateId()
    .slice(0, 32)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  await records.apply([{ key: "engine/id", value: made }]);
  return made;
}
