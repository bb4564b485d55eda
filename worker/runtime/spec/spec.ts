import type { ContainerConfig } from "../../api/types/container.ts";
import type { HostConfig } from "../../api/types/host-config.ts";
import { cleanPath } from "../../internal/clean-path.ts";
import { effectiveCapabilities } from "./capabilities.ts";
import { allDevicesRule, defaultDeviceRules, hostDevices, mappedDevices, parseDeviceRule } from "./devices.ts";
import { containerMounts } from "./mounts.ts";
import { linuxResources } from "./resources.ts";
import type { Namespace, ProcessSpec, Spec, SpecMount } from "./types.ts";
import type { ResolvedUser } from "./user.ts";

/** crun 1.8 takes no other version. */
const ociVersion = "1.0.2";

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export const defaultMaskedPaths: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

export const defaultReadonlyPaths: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

export interface SpecOptions {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly host: HostConfig;
  /** Path and arguments: entrypoint and command together. */
  readonly args: readonly string[];
  readonly user: ResolvedUser;
  /** Binds, volumes, tmpfs and the network's files. */
  readonly mounts: readonly SpecMount[];
  readonly rootPath: string;
  /** Namespaces of other processes that are joined, by `/proc/PID/ns/...`, and those that stay the host's. */
  readonly joined: Readonly<Partial<Record<Namespace["type"], string | "host">>>;
  /** A folder of the guest that is its /dev/shm; undefined: one of its own. */
  readonly shm: string | undefined;
  /** The compiled filter; undefined: unconfined. */
  readonly seccompFilter: string | undefined;
  readonly noNewPrivileges: boolean;
  /** Bytes that it may take without `--memory`; undefined: no bound but the machine's. */
  readonly memory?: number;
  /** Names in the guest's /dev; looked at with `--privileged`. */
  readonly devicesPresent: readonly string[];
}

/** The OCI configuration that Docker gives a container. Throws `InvalidParameter`, `System` or `StartFailed` with Docker's texts. */
export function generateSpec(options: SpecOptions): Spec {
  const { id, config, host, joined, args, user, noNewPrivileges } = options;
  const privileged = host.Privileged;
  return {
    ociVersion,
    process: generateProcess({
      ...{ host, args, user, noNewPrivileges },
      env: containerEnvironment(config),
      cwd: config.WorkingDir,
      capabilities: effectiveCapabilities(host.CapAdd ?? [], host.CapDrop ?? [], privileged),
      console: config.Tty ? host.ConsoleSize : undefined,
    }),
    root: { path: options.rootPath, readonly: host.ReadonlyRootfs },
    ...(joined.uts === undefined && {
      hostname: config.Hostname,
      ...(config.Domainname !== "" && { domainname: config.Domainname }),
    }),
    mounts: containerMounts({
      user: options.mounts,
      rootPath: options.rootPath,
      shm: host.IpcMode === "none" ? undefined : (options.shm ?? host.ShmSize),
      readOnlyRoot: host.ReadonlyRootfs,
      privileged,
    }),
    linux: {
      namespaces: namespaces(joined),
      cgroupsPath: cgroupsPath(id, host),
      ...linuxDevices(options),
      sysctl: sysctls(options),
      ...(!privileged && {
        maskedPaths: host.MaskedPaths ?? defaultMaskedPaths,
        readonlyPaths: host.ReadonlyPaths ?? defaultReadonlyPaths,
      }),
      ...rootPropagation(options.mounts),
    },
    ...(options.seccompFilter !== undefined && {
      annotations: { "run.oci.seccomp_bpf_data": options.seccompFilter },
    }),
  };
}

/** Clean, as Docker makes it: what is below /docker has the device rules of that folder. */
function cgroupsPath(id: string, host: Pick<HostConfig, "CgroupParent">): string {
  const parent = host.CgroupParent || "/docker";
  return cleanPath(`${parent.startsWith("/") ? "" : "/docker/"}${parent}/${id}`);
}

/** Environment of a container's process, before HOME: Docker's defaults, then what the container was made with. */
export function containerEnvironment(config: Pick<ContainerConfig, "Env" | "Tty" | "Hostname">): readonly string[] {
  return mergeEnvironment(
    [`PATH=${defaultPath}`, `HOSTNAME=${config.Hostname}`, ...(config.Tty ? ["TERM=xterm"] : [])],
    config.Env ?? [],
  );
}

/** Later settings replace earlier ones in their place; a name without `=` takes it away. */
export function mergeEnvironment(first: readonly string[], second: readonly string[]): readonly string[] {
  const merged = new Map<string, string>();
  for (const entry of [...first, ...second]) {
    const name = entry.split("=", 1)[0] ?? "";
    if (entry.includes("=")) merged.set(name, entry);
    else merged.delete(name);
  }
  return [...merged.values()];
}

/** HOME comes from the container's passwd file unless it is set to something. */
function withHome(env: readonly string[], user: ResolvedUser): readonly string[] {
  const home = env.find((entry) => entry.startsWith("HOME="));
  return home && home !== "HOME=" ? env : mergeEnvironment(env, [`HOME=${user.home}`]);
}

export interface ProcessOptions {
  readonly host: Pick<HostConfig, "Ulimits" | "OomScoreAdj">;
  readonly user: ResolvedUser;
  readonly args: readonly string[];
  /** Before HOME. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  /** Rows and columns of its terminal, when it has one; 0 where they are not known. */
  readonly console?: readonly [rows: number, columns: number] | undefined;
}

/** A process of a container: its own, an exec or a health check. */
export function generateProcess(options: ProcessOptions): ProcessSpec {
  const { host, user, args, env, cwd, capabilities, noNewPrivileges, console } = options;
  const [height, width] = console ?? [0, 0];
  return {
    ...(console && { terminal: true, ...(height > 0 && width > 0 && { consoleSize: { height, width } }) }),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids ?? [] },
    args,
    env: withHome(env, user),
    cwd: cwd || "/",
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    rlimits: (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({
      type: `RLIMIT_${Name.toUpperCase()}`,
      soft: Soft,
      hard: Hard,
    })),
    ...(noNewPrivileges && { noNewPrivileges }),
    oomScoreAdj: host.OomScoreAdj,
  };
}

const namespaceTypes: readonly Namespace["type"][] = ["mount", "network", "uts", "pid", "ipc", "cgroup"];

function namespaces(joined: SpecOptions["joined"]): readonly Namespace[] {
  return namespaceTypes
    .filter((type) => joined[type] !== "host")
    .map((type) => {
      const path = joined[type];
      return path === undefined ? { type } : { type, path };
    });
}

function linuxDevices({ host, memory, devicesPresent }: SpecOptions) {
  const mapped = mappedDevices(host.Devices ?? []);
  const rules = host.Privileged
    ? [allDevicesRule]
    : [...defaultDeviceRules, ...mapped.rules, ...(host.DeviceCgroupRules ?? []).map(parseDeviceRule)];
  const devices = host.Privileged ? [...hostDevices(devicesPresent), ...mapped.devices] : mapped.devices;
  return { devices, resources: { ...linuxResources(host, memory), devices: rules } };
}

/** Lets every user of a container with a network of its own bind low ports and ping, as Docker does. */
function sysctls({ host, joined }: SpecOptions): Readonly<Record<string, string>> {
  const network = joined.network === undefined;
  return {
    ...(network && { "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647" }),
    ...host.Sysctls,
  };
}

function rootPropagation(mounts: readonly SpecMount[]): { readonly rootfsPropagation?: string } {
  const options = mounts.flatMap((mount) => mount.options);
  if (options.some((option) => /^r?shared$/.test(option))) return { rootfsPropagation: "shared" };
  return options.some((option) => /^r?slave$/.test(option)) ? { rootfsPropagation: "rslave" } : {};
}
