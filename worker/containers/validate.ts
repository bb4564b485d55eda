import type { ContainerCreateRequest, HealthConfig } from "../api/types/container.ts";
import type { HostConfig, Resources, RestartPolicy } from "../api/types/host-config.ts";
import { errorMessage, invalidParameter, notImplemented, system } from "../errdefs/errors.ts";
import { normalizeCapabilities } from "../runtime/spec/capabilities.ts";
import { checkTmpfs, parseMount } from "./mount-points.ts";
import { parseSignal } from "./signals.ts";

const minimumMemory = 6 << 20;
const minimumDuration = 1_000_000;

/** Refuses what Docker refuses at create, in its words, and what this engine cannot do yet. */
export function validateConfig({ WorkingDir, StopSignal, Env, Healthcheck }: ContainerCreateRequest): void {
  if (WorkingDir && !WorkingDir.startsWith("/")) {
    throw invalidParameter(`the working directory '${WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  if (StopSignal) parseSignal(StopSignal);
  for (const entry of Env ?? []) {
    if (entry === "" || entry.startsWith("=")) throw invalidParameter(`invalid environment variable: ${entry}`);
  }
  validateHealthcheck(Healthcheck);
}

export function validateHostConfig(host: HostConfig, machine: { readonly cpus: number }): void {
  if (host.AutoRemove && host.RestartPolicy.Name !== "no") {
    throw invalidParameter("can't create 'AutoRemove' container with restart policy");
  }
  for (const mount of host.Mounts ?? []) parseMount(mount);
  validateRestartPolicy(host.RestartPolicy);
  validateCapabilities(host);
  validateIsolation(host);
  if (Object.hasOwn(host.Annotations ?? {}, "")) {
    throw invalidParameter("invalid Annotations: the empty string is not permitted as an annotation key");
  }
  validateResources(host, machine);
  if (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000) {
    throw invalidParameter(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (host.ShmSize < 0) throw invalidParameter("SHM size can not be less than 0");
  for (const place of Object.keys(host.Tmpfs ?? {})) checkTmpfs(place);
  if (!["crun", "runc", "io.containerd.runc.v2"].includes(host.Runtime ?? "crun")) {
    throw invalidParameter(`unknown or invalid runtime name: ${host.Runtime}`);
  }
  validateModes(host);
  refuseUnsupported(host);
}

export function validateRestartPolicy({ Name, MaximumRetryCount }: RestartPolicy): void {
  switch (Name) {
    case "":
      return;
    case "no":
    case "always":
    case "unless-stopped":
      if (MaximumRetryCount !== 0) {
        const negative = MaximumRetryCount < 0 ? " and cannot be negative" : "";
        throw invalidParameter(
          `invalid restart policy: maximum retry count can only be used with 'on-failure'${negative}`,
        );
      }
      return;
    case "on-failure":
      if (MaximumRetryCount < 0) {
        throw invalidParameter("invalid restart policy: maximum retry count cannot be negative");
      }
      return;
    default:
      throw invalidParameter(
        `invalid restart policy: unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
      );
  }
}

/** cgroup limits, of a create or (`update`) of a container that may have others already. */
export function validateResources(
  limits: Partial<Resources>,
  machine: { readonly cpus: number },
  { update = false }: { readonly update?: boolean } = {},
): void {
  const { Memory = 0, MemorySwap = 0, MemoryReservation = 0, NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0 } = limits;
  const { CpuShares = 0, CpuRealtimePeriod = 0, CpuRealtimeRuntime = 0 } = limits;
  const refuse = (wrong: boolean, text: string) => {
    if (wrong) throw invalidParameter(text);
  };
  refuse(Memory !== 0 && Memory < minimumMemory, "Minimum memory limit allowed is 6MB");
  refuse(
    Memory > 0 && MemorySwap > 0 && MemorySwap < Memory,
    "Minimum memoryswap limit should be larger than memory limit, see usage",
  );
  refuse(
    Memory === 0 && MemorySwap > 0 && !update,
    "You should always set the Memory limit when using Memoryswap limit, see usage",
  );
  refuse(MemoryReservation > 0 && MemoryReservation < minimumMemory, "Minimum memory reservation allowed is 6MB");
  refuse(
    Memory > 0 && MemoryReservation > 0 && Memory < MemoryReservation,
    "Minimum memory limit can not be less than memory reservation limit, see usage",
  );
  refuse(NanoCpus > 0 && CpuPeriod > 0, "Conflicting options: Nano CPUs and CPU Period cannot both be set");
  refuse(NanoCpus > 0 && CpuQuota > 0, "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  const { cpus } = machine;
  refuse(
    NanoCpus < 0 || NanoCpus > cpus * 1e9,
    `range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`,
  );
  refuse(
    CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000),
    "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
  );
  refuse(CpuShares < 0 && !update, `invalid CPU shares (${CpuShares}): value must be a positive integer`);
  refuse(CpuRealtimePeriod !== 0 || CpuRealtimeRuntime !== 0, "Your kernel does not support CPU real-time scheduler");
  refuse(CpuQuota > 0 && CpuQuota < 1000, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
}

function validateCapabilities(host: HostConfig): void {
  for (const [name, capabilities] of [
    ["CapAdd", host.CapAdd],
    ["CapDrop", host.CapDrop],
  ] as const) {
    try {
      normalizeCapabilities(capabilities ?? []);
    } catch (error) {
      throw invalidParameter(`invalid ${name}: ${errorMessage(error)}`);
    }
  }
}

function validateModes(host: HostConfig): void {
  const known = (mode: string, names: readonly string[]) => names.includes(mode) || /^container:.+/.test(mode);
  if (host.NetworkMode === "container:") {
    throw invalidParameter("invalid network mode: invalid container format container:<name|id>");
  }
  if (!known(host.IpcMode, ["", "none", "private", "shareable", "host"])) {
    throw invalidParameter(`invalid IPC mode: ${host.IpcMode}`);
  }
  if (!known(host.PidMode, ["", "host"])) throw invalidParameter(`invalid PID mode: ${host.PidMode}`);
  if (!["", "host"].includes(host.UTSMode)) throw invalidParameter(`invalid UTS mode: ${host.UTSMode}`);
  if (!["", "private", "host"].includes(host.CgroupnsMode)) {
    throw invalidParameter(`invalid cgroup namespace mode: ${host.CgroupnsMode}`);
  }
}

function validateIsolation({ Isolation }: HostConfig): void {
  if (["", "default"].includes(Isolation)) return;
  throw invalidParameter(`invalid isolation (${Isolation}): linux only supports 'default'`);
}

/** Accepting these and doing nothing would mislead. */
function refuseUnsupported(host: HostConfig): void {
  const refuse = (asked: boolean, what: string) => {
    if (asked) throw notImplemented(`${what} is not supported yet`);
  };
  const throttles = [
    host.BlkioDeviceReadBps,
    host.BlkioDeviceWriteBps,
    host.BlkioDeviceReadIOps,
    host.BlkioDeviceWriteIOps,
  ];
  refuse(
    throttles.some((devices) => (devices?.length ?? 0) > 0),
    "limiting block I/O (--device-read-bps and its like)",
  );
  const [devices] = host.DeviceRequests ?? [];
  if (devices) {
    const capabilities = (devices.Capabilities ?? []).map((names) => `[${names.join(" ")}]`).join(" ");
    throw system(
      `could not select device driver ${JSON.stringify(devices.Driver ?? "")} with capabilities: [${capabilities}]`,
    );
  }
}

/** What the writable layer cannot have; its name is the container's by then, as in Docker. */
export function validateLayer({ StorageOpt }: Pick<HostConfig, "StorageOpt">): void {
  if (Object.keys(StorageOpt ?? {}).length === 0) return;
  throw system("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
}

/** What cannot go together with another's namespace. Throws `InvalidParameter` with Docker's texts. */
export function validateShared(request: ContainerCreateRequest, host: HostConfig): void {
  const refuse = (wrong: boolean, what: string) => {
    if (wrong) throw invalidParameter(`conflicting options: ${what}`);
  };
  refuse(Boolean(request.Hostname) && host.UTSMode === "host", "hostname and the UTS mode");
  if (!host.NetworkMode.startsWith("container:")) return;
  const undefinedLinks = "can't be used with links. This would result in undefined behavior";
  refuse(Boolean(request.Hostname), "hostname and the network mode");
  refuse((host.Links?.length ?? 0) > 0, `container type network ${undefinedLinks}`);
  refuse((host.Dns?.length ?? 0) > 0, "dns and the network mode");
  refuse((host.ExtraHosts?.length ?? 0) > 0, "custom host-to-IP mapping and the network mode");
  const publishes = host.PublishAllPorts || Object.keys(host.PortBindings ?? {}).length > 0;
  refuse(publishes, "port publishing and the container type network mode");
  refuse(Object.keys(request.ExposedPorts ?? {}).length > 0, "port exposing and the container type network mode");
}

function validateHealthcheck(health: HealthConfig | undefined): void {
  for (const name of ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const) {
    const value = health?.[name] ?? 0;
    if (value !== 0 && value < minimumDuration) {
      throw invalidParameter(`${name} in Healthcheck cannot be less than 1ms`);
    }
  }
  if ((health?.Retries ?? 0) < 0) throw invalidParameter("Retries in Healthcheck cannot be negative");
}
