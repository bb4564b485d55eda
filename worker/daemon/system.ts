import type { ContainerBackend } from "../api/container-backend.ts";
import type { ImageBackend } from "../api/image-backend.ts";
import type { SystemBackend } from "../api/system-backend.ts";
import type { EventsOptions } from "../api/types/backend.ts";
import type { AuthConfig } from "../api/types/common.ts";
import type { EventMessage } from "../api/types/events.ts";
import type { AuthResponse, DiskUsage, DiskUsageObject, SystemInfo, SystemVersion } from "../api/types/system.ts";
import type { Volume } from "../api/types/volume.ts";
import { currentVersion, formatVersion, minimumVersion } from "../api/version.ts";
import type { GuestHost } from "../containers/components.ts";
import type { RegistryOptions } from "../distribution/endpoints.ts";
import type { Platform } from "../oci/platform.ts";
import type { Snapshotter } from "../snapshots/snapshotter.ts";

/** What the composition root knows about where and from what the engine runs. */
export interface EngineFacts {
  readonly version: string;
  /** Commit that the engine was built from; empty when unknown. */
  readonly commit: string;
  /** RFC 3339; empty when unknown. */
  readonly built: string;
  /** Such as `Node.js v20.19.0`. */
  readonly javascript: string;
  /** Programs that came with the guest, and v86. */
  readonly components: readonly { readonly name: string; readonly version: string }[];
  readonly debug: boolean;
}

export interface SystemComponents {
  readonly id: string;
  readonly facts: EngineFacts;
  readonly containers: Pick<ContainerBackend, "list">;
  readonly images: Pick<ImageBackend, "list">;
  readonly volumes: { usage(): Promise<readonly Volume[]> };
  readonly host: GuestHost;
  readonly platforms: readonly Platform[];
  readonly snapshotter: Pick<Snapshotter, "name" | "durable">;
  readonly registries: RegistryOptions;
  /** Name of the bundled registry, where there is one. */
  readonly bundled?: string;
  readonly events: { readonly listeners: number; subscribe(options: EventsOptions): ReadableStream<EventMessage> };
  readonly now: () => Date;
  /** Bytes of all layers, each counted once. */
  readonly layersSize: () => number;
  readonly authenticate: (auth: AuthConfig, signal?: AbortSignal) => Promise<AuthResponse>;
}

/** What the engine says about itself. It says what is so: the guest's own kernel and memory, not those of the machine around it. */
export class System implements SystemBackend {
  readonly #components: SystemComponents;
  #kernel = "";

  constructor(components: SystemComponents) {
    this.#components = components;
  }

  events(options: EventsOptions): ReadableStream<EventMessage> {
    return this.#components.events.subscribe(options);
  }

  authenticate(auth: AuthConfig, signal?: AbortSignal): Promise<AuthResponse> {
    return this.#components.authenticate(auth, signal);
  }

  async version(): Promise<SystemVersion> {
    const { facts } = this.#components;
    const engine = {
      ApiVersion: formatVersion(currentVersion),
      Arch: this.#architecture,
      BuildTime: facts.built,
      Experimental: "false",
      GitCommit: facts.commit,
      GoVersion: facts.javascript,
      KernelVersion: this.#kernelVersion(),
      MinAPIVersion: formatVersion(minimumVersion),
      Os: "linux",
    };
    return {
      Platform: { Name: "Wherry" },
      Components: [
        { Name: "Engine", Version: facts.version, Details: engine },
        ...facts.components.map(({ name, version }) => ({ Name: name, Version: version, Details: { GitCommit: "" } })),
      ],
      Version: facts.version,
      ApiVersion: engine.ApiVersion,
      MinAPIVersion: engine.MinAPIVersion,
      GitCommit: engine.GitCommit,
      GoVersion: engine.GoVersion,
      Os: engine.Os,
      Arch: engine.Arch,
      KernelVersion: engine.KernelVersion,
      BuildTime: engine.BuildTime,
    };
  }

  async info(): Promise<SystemInfo> {
    const { containers, images, host, facts, id, now } = this.#components;
    const all = await containers.list({ all: true, size: false, limit: -1, filters: new Map() });
    const count = (...states: readonly string[]): number => all.filter(({ State }) => states.includes(State)).length;
    const kept = await images.list({ all: true, filters: new Map(), sharedSize: false });
    const { memory, cpus } = host.machine;
    return {
      ID: id,
      Containers: all.length,
      ContainersRunning: count("running", "restarting"),
      ContainersPaused: count("paused"),
      ContainersStopped: count("created", "exited", "dead", "removing"),
      Images: kept.length,
      ...this.#storage(),
      ...limits,
      IPv4Forwarding: await this.#forwards(),
      Debug: facts.debug,
      NFd: 0,
      NGoroutines: 0,
      SystemTime: now().toISOString(),
      NEventsListener: this.#components.events.listeners,
      KernelVersion: this.#kernelVersion(),
      OperatingSystem: "Wherry",
      OSVersion: "",
      OSType: "linux",
      Architecture: kernelArchitecture[this.#architecture] ?? this.#architecture,
      ...this.#registries(),
      NCPU: cpus,
      MemTotal: host.running?.guest.info.memory ?? memory,
      GenericResources: null,
      DockerRootDir: "/var/lib/docker",
      HttpProxy: "",
      HttpsProxy: "",
      NoProxy: "",
      Name: "wherry",
      ExperimentalBuild: false,
      ServerVersion: facts.version,
      Runtimes: { crun: { path: "crun" } },
      DefaultRuntime: "crun",
      Swarm: {
        NodeID: "",
        NodeAddr: "",
        LocalNodeState: "inactive",
        ControlAvailable: false,
        Error: "",
        RemoteManagers: null,
      },
      LiveRestoreEnabled: false,
      Isolation: "",
      InitBinary: "docker-init",
      ContainerdCommit: { ID: "" },
      RuncCommit: { ID: "" },
      InitCommit: { ID: "" },
      SecurityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
      CDISpecDirs: [],
      Warnings: null,
    };
  }

  async diskUsage(objects: readonly DiskUsageObject[]): Promise<DiskUsage> {
    const { containers, images, volumes, layersSize } = this.#components;
    const wanted = (object: DiskUsageObject): boolean => objects.length === 0 || objects.includes(object);
    const filters = new Map<string, readonly string[]>();
    return {
      LayersSize: wanted("image") ? layersSize() : 0,
      Images: wanted("image") ? await images.list({ all: true, filters, sharedSize: true }) : null,
      Containers: wanted("container") ? await containers.list({ all: true, size: true, limit: -1, filters }) : null,
      Volumes: wanted("volume") ? await volumes.usage() : null,
      BuildCache: wanted("build-cache") ? [] : null,
    };
  }

  get #architecture(): string {
    return this.#components.platforms[0]?.architecture ?? "386";
  }

  /** The last guest's when none runs now. */
  #kernelVersion(): string {
    this.#kernel = this.#components.host.running?.guest.info.kernel ?? this.#kernel;
    return this.#kernel;
  }

  async #forwards(): Promise<boolean> {
    const file = await this.#components.host.running?.guest
      .readFile("/proc/sys/net/ipv4/ip_forward", 16)
      .catch(() => undefined);
    return file?.[0] === "1".charCodeAt(0);
  }

  #storage(): Pick<SystemInfo, "Driver" | "DriverStatus"> {
    const { snapshotter } = this.#components;
    return {
      Driver: snapshotter.name,
      DriverStatus: [
        ["Backing Filesystem", snapshotter.durable ? "extfs" : "tmpfs"],
        ["Image Layers", "erofs"],
        ["Writable Layers", snapshotter.durable ? "durable" : "lost when the guest ends"],
        ["Supports d_type", "true"],
      ],
    };
  }

  #registries(): Pick<SystemInfo, "IndexServerAddress" | "RegistryConfig" | "Labels"> {
    const { registries, bundled } = this.#components;
    const mirrors = registries.mirrors.map((mirror) => (mirror.endsWith("/") ? mirror : `${mirror}/`));
    const ranges = registries.insecureRegistries.filter((entry) => entry.includes("/"));
    const hosts = registries.insecureRegistries.filter((entry) => !entry.includes("/"));
    const index = (name: string, secure: boolean) =>
      [name, { Name: name, Mirrors: [], Secure: secure, Official: false }] as const;
    return {
      IndexServerAddress: "https://index.docker.io/v1/",
      RegistryConfig: {
        InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8", ...ranges],
        IndexConfigs: {
          ...Object.fromEntries(hosts.map((host) => index(host, false))),
          "docker.io": { Name: "docker.io", Mirrors: mirrors, Secure: true, Official: true },
        },
        Mirrors: mirrors,
      },
      Labels: bundled === undefined ? [] : [`wherry.bundled-registry=${bundled}`],
    };
  }
}

/** As `uname -m` says it. */
const kernelArchitecture: Readonly<Record<string, string>> = { "386": "i686", amd64: "x86_64", arm64: "aarch64" };

/** What the guest's kernel can limit: cgroup v2 on one processor. */
const limits = {
  Plugins: { Volume: ["local"], Network: ["bridge", "host", "null"], Authorization: null, Log: ["json-file", "local"] },
  MemoryLimit: true,
  SwapLimit: true,
  CpuCfsPeriod: true,
  CpuCfsQuota: true,
  CPUShares: true,
  CPUSet: false,
  PidsLimit: true,
  OomKillDisable: false,
  LoggingDriver: "json-file",
  CgroupDriver: "cgroupfs",
  CgroupVersion: "2",
} as const;
