import type { ContainerConfig, ContainerCreateRequest, HealthConfig } from "../api/types/container.ts";
import type { HostConfig } from "../api/types/host-config.ts";
import type { ImageConfig } from "../api/types/image.ts";
import { cleanPath } from "../internal/clean-path.ts";
import { truncateId } from "../internal/ids.ts";
import { defaultMaskedPaths, defaultReadonlyPaths } from "../runtime/spec/spec.ts";

/** What the guest calls itself. */
const guestHostname = "wherry";

/** The container's configuration: what the request says, and from the image what it leaves open. */
export function mergeConfig(id: string, request: ContainerCreateRequest, image: ImageConfig): ContainerConfig {
  const entrypoint = request.Entrypoint ?? undefined;
  // One empty word takes the image's entrypoint away, as an empty list does, which is kept.
  const none = entrypoint?.length === 1 && entrypoint[0] === "";
  // An entrypoint of the request makes the image's command pointless; an empty list only takes the image's entrypoint away.
  const inheritsCommand = !request.Cmd?.length && !entrypoint?.length;
  const healthcheck = mergeHealthcheck(request.Healthcheck, image.Healthcheck);
  const exposed = { ...image.ExposedPorts, ...request.ExposedPorts };
  const stopSignal = request.StopSignal || image.StopSignal;
  const shell = request.Shell ?? image.Shell;
  return {
    Hostname: request.Hostname || (hostNetwork(request) ? guestHostname : truncateId(id)),
    Domainname: request.Domainname ?? "",
    User: request.User || (image.User ?? ""),
    AttachStdin: request.AttachStdin ?? false,
    AttachStdout: request.AttachStdout ?? false,
    AttachStderr: request.AttachStderr ?? false,
    ...(Object.keys(exposed).length > 0 && { ExposedPorts: exposed }),
    Tty: request.Tty ?? false,
    OpenStdin: request.OpenStdin ?? false,
    StdinOnce: request.StdinOnce ?? false,
    Env: mergeEnv(request.Env ?? [], image.Env ?? []),
    Cmd: inheritsCommand ? (image.Cmd ?? null) : (request.Cmd ?? null),
    ...(healthcheck && { Healthcheck: healthcheck }),
    ...((request.ArgsEscaped || image.ArgsEscaped) && { ArgsEscaped: true }),
    Image: request.Image ?? "",
    Volumes: mergeSets(request.Volumes, image.Volumes),
    WorkingDir: cleanPath(request.WorkingDir || image.WorkingDir || ""),
    Entrypoint: none ? null : (entrypoint ?? image.Entrypoint ?? null),
    ...(request.NetworkDisabled && { NetworkDisabled: request.NetworkDisabled }),
    ...(request.MacAddress && { MacAddress: request.MacAddress }),
    OnBuild: request.OnBuild ?? null,
    Labels: { ...image.Labels, ...request.Labels },
    ...(stopSignal && { StopSignal: stopSignal }),
    ...(request.StopTimeout !== undefined && { StopTimeout: request.StopTimeout }),
    ...(shell && { Shell: shell }),
  };
}

/** Docker's zero values. */
const unset = {
  Binds: null,
  ContainerIDFile: "",
  PortBindings: null,
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
  ExtraHosts: null,
  GroupAdd: null,
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  UTSMode: "",
  UsernsMode: "",
  Isolation: "",
  CpuShares: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  OomKillDisable: null,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
} satisfies Partial<HostConfig>;

/** Fills in what a client leaves out, with Docker's defaults. */
export function completeHostConfig(host: Partial<HostConfig> = {}): HostConfig {
  const memory = host.Memory ?? 0;
  return {
    ...unset,
    ...host,
    Memory: memory,
    // The docker command says -1 and 0 for what was not asked for.
    MemorySwappiness: host.MemorySwappiness === -1 ? null : (host.MemorySwappiness ?? null),
    SecurityOpt: securityOptions(host),
    PidsLimit: host.PidsLimit && host.PidsLimit > 0 ? host.PidsLimit : null,
    MemorySwap: memory > 0 && !host.MemorySwap ? memory * 2 : (host.MemorySwap ?? 0),
    LogConfig: { Type: host.LogConfig?.Type || "json-file", Config: host.LogConfig?.Config ?? {} },
    NetworkMode: host.NetworkMode === "default" || !host.NetworkMode ? "bridge" : host.NetworkMode,
    RestartPolicy: {
      Name: host.RestartPolicy?.Name || "no",
      MaximumRetryCount: host.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    CgroupnsMode: host.CgroupnsMode || "private",
    IpcMode: host.IpcMode || "private",
    ShmSize: host.ShmSize || 64 << 20,
    Runtime: host.Runtime || "crun",
    MaskedPaths: host.Privileged ? null : (host.MaskedPaths ?? defaultMaskedPaths),
    ReadonlyPaths: host.Privileged ? null : (host.ReadonlyPaths ?? defaultReadonlyPaths),
  };
}

/** Docker turns labels off for who shares the host's processes or may do everything. */
function securityOptions({ SecurityOpt = null, Privileged, PidMode, IpcMode }: Partial<HostConfig>) {
  const labelled = SecurityOpt?.some((option) => option.startsWith("label="));
  if (labelled || !(Privileged || PidMode === "host" || IpcMode === "host")) return SecurityOpt;
  return [...(SecurityOpt ?? []), "label=disable"];
}

function hostNetwork(request: ContainerCreateRequest): boolean {
  return request.HostConfig?.NetworkMode === "host";
}

/** What the request sets comes first, then what only the image sets. */
function mergeEnv(own: readonly string[], inherited: readonly string[]): readonly string[] | null {
  const name = (entry: string) => entry.split("=", 1)[0];
  const taken = new Set(own.map(name));
  const merged = [...own, ...inherited.filter((entry) => !taken.has(name(entry)))];
  return merged.length > 0 ? merged : null;
}

function mergeSets(own: ContainerConfig["Volumes"] | undefined, inherited: ContainerConfig["Volumes"] | undefined) {
  const merged = { ...inherited, ...own };
  return Object.keys(merged).length > 0 ? merged : null;
}

function mergeHealthcheck(
  own: HealthConfig | undefined,
  inherited: HealthConfig | undefined,
): HealthConfig | undefined {
  if (!own || !inherited) return own ?? inherited;
  const set = Object.fromEntries(
    Object.entries(own).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value)),
  );
  return { ...inherited, ...set };
}
