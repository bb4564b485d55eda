import { memorySwapBytes, parseDecimal, ramInBytes } from "../../../../worker/internal/units/size.ts";
import type { Cli } from "../../cli.ts";
import { fileErrorText } from "../../file-error.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { cut, keyValues } from "../../opts/cut.ts";
import { isCdiDevice, parseDevice } from "../../opts/device.ts";
import { parseGpus } from "../../opts/gpus.ts";
import { parseMount } from "../../opts/mount.ts";
import { capabilities } from "../../opts/names.ts";
import type { PortSettings } from "../../opts/ports.ts";
import { ulimits } from "../../opts/ulimit.ts";
import { networkMode } from "./network-config.ts";

/**
 * HostConfig of `run` and `create`.
 * @throws Error with Docker's message
 */
export async function hostConfig(
  cli: Cli,
  flags: ParsedFlags,
  binds: readonly string[],
  ports: PortSettings,
): Promise<Record<string, unknown>> {
  const restart = restartPolicy(flags.string("restart"));
  const autoRemove = flags.bool("rm");
  if (autoRemove && restart.Name !== "" && restart.Name !== "no") {
    throw new Error("conflicting options: cannot specify both --restart and --rm");
  }
  return {
    Binds: binds.length > 0 ? binds : null,
    ContainerIDFile: flags.string("cidfile"),
    LogConfig: logConfig(flags),
    NetworkMode: networkMode(flags),
    PortBindings: ports.bindings,
    RestartPolicy: restart,
    AutoRemove: autoRemove,
    VolumeDriver: flags.string("volume-driver"),
    VolumesFrom: orNull(flags.list("volumes-from")),
    ConsoleSize: consoleSize(cli),
    ...annotations(flags),
    ...isolation(flags),
    ...(await security(cli, flags)),
    ...filesystems(cli, flags),
    ...resources(flags),
  };
}

function orNull(list: readonly string[]): readonly string[] | null {
  return list.length > 0 ? list : null;
}

/** Rows and columns. */
export function consoleSize(cli: Cli): [number, number] {
  const size = cli.out.isTerminal ? cli.context.size() : undefined;
  return [size?.rows ?? 0, size?.columns ?? 0];
}

function annotations(flags: ParsedFlags): Record<string, unknown> {
  const given = flags.list("annotation");
  return given.length > 0 ? { Annotations: keyValues(given) } : {};
}

function logConfig(flags: ParsedFlags) {
  const options = flags.list("log-opt");
  const driver = flags.string("log-driver");
  if (driver === "none" && options.length > 0) throw new Error(`invalid logging opts for driver ${driver}`);
  return { Type: driver, Config: keyValues(options) };
}

export function restartPolicy(text: string): { Name: string; MaximumRetryCount: number } {
  const [name, count, found] = cut(text, ":");
  if (found && name === "") throw new Error("invalid restart policy format: no policy provided before colon");
  if (!/^([+-]?\d+)?$/.test(count)) {
    throw new Error("invalid restart policy format: maximum retry count must be an integer");
  }
  return { Name: name, MaximumRetryCount: Number(count) };
}

/** Namespaces, and what the container may do. */
function isolation(flags: ParsedFlags): Record<string, unknown> {
  const pid = flags.string("pid");
  if (pid !== "" && pid !== "host" && !/^container:./.test(pid)) throw new Error("--pid: invalid PID mode");
  const uts = flags.string("uts");
  if (uts !== "" && uts !== "host") throw new Error("--uts: invalid UTS mode");
  const userns = flags.string("userns");
  if (userns !== "" && userns !== "host") throw new Error("--userns: invalid USER mode");
  const cgroupns = flags.string("cgroupns");
  if (!["", "host", "private"].includes(cgroupns)) throw new Error("--cgroupns: invalid CGROUP mode");
  return {
    CapAdd: orNull(capabilities(flags.list("cap-add"))),
    CapDrop: orNull(capabilities(flags.list("cap-drop"))),
    CgroupnsMode: cgroupns,
    Dns: flags.list("dns"),
    DnsOptions: flags.list("dns-option"),
    DnsSearch: flags.list("dns-search"),
    ExtraHosts: orNull(flags.list("add-host")),
    GroupAdd: orNull(flags.list("group-add")),
    IpcMode: flags.string("ipc"),
    Links: orNull(flags.list("link")),
    OomScoreAdj: flags.int("oom-score-adj"),
    PidMode: pid,
    Privileged: flags.bool("privileged"),
    PublishAllPorts: flags.bool("publish-all"),
    ReadonlyRootfs: flags.bool("read-only"),
    UTSMode: uts,
    UsernsMode: userns,
    Isolation: flags.string("isolation"),
    ...(flags.changed("sysctl") && { Sysctls: keyValues(flags.list("sysctl")) }),
    ...(flags.changed("runtime") && { Runtime: flags.string("runtime") }),
    ...(flags.changed("init") && { Init: flags.bool("init") }),
  };
}

async function security(cli: Cli, flags: ParsedFlags): Promise<Record<string, unknown>> {
  const options = flags.list("security-opt");
  const sent: string[] = [];
  for (const option of options) {
    if (option !== "systempaths=unconfined") sent.push(await securityOption(cli, option));
  }
  return {
    SecurityOpt: orNull(sent),
    MaskedPaths: sent.length < options.length ? [] : null,
    ReadonlyPaths: sent.length < options.length ? [] : null,
  };
}

const profileLimit = 4 << 20;

async function securityOption(cli: Cli, option: string): Promise<string> {
  const name = option.split(/[=:]/, 1)[0] ?? "";
  const value = option.slice(name.length + 1);
  if (value === "" && name !== "no-new-privileges")
    throw new Error(`Invalid --security-opt: ${JSON.stringify(option)}`);
  if (name !== "seccomp" || value === "builtin" || value === "unconfined") return option;
  let text: string;
  try {
    text = new TextDecoder().decode(await cli.context.files.read(cli.resolvePath(value), profileLimit));
  } catch (error) {
    throw new Error(`opening seccomp profile (${value}) failed: open ${value}: ${fileErrorText(error)}`);
  }
  try {
    return `seccomp=${JSON.stringify(JSON.parse(text))}`;
  } catch (error) {
    throw new Error(`compacting json for seccomp profile (${value}) failed: ${String(error)}`);
  }
}

function filesystems(cli: Cli, flags: ParsedFlags): Record<string, unknown> {
  const mounts = flags.list("mount").map((each) => parseMount(each, (path) => cli.resolvePath(path)));
  const tmpfs = Object.fromEntries(flags.list("tmpfs").map((each) => cut(each, ":").slice(0, 2)));
  const storage = flags.list("storage-opt");
  if (storage.some((option) => !option.includes("="))) throw new Error("invalid storage option");
  return {
    ShmSize: flags.changed("shm-size") ? ramInBytes(flags.string("shm-size")) : 0,
    ...(mounts.length > 0 && { Mounts: mounts }),
    ...(flags.changed("tmpfs") && { Tmpfs: tmpfs }),
    ...(storage.length > 0 && { StorageOpt: keyValues(storage) }),
  };
}

function resources(flags: ParsedFlags): Record<string, unknown> {
  const swappiness = flags.int("memory-swappiness");
  if (swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
    throw new Error(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  const bytes = (name: string) => (flags.changed(name) ? ramInBytes(flags.string(name)) : 0);
  const devices = flags.list("device");
  return {
    CpuShares: flags.int("cpu-shares"),
    Memory: bytes("memory"),
    NanoCpus: flags.changed("cpus") ? parseDecimal(flags.string("cpus")) : 0,
    CgroupParent: flags.string("cgroup-parent"),
    BlkioWeight: flags.int("blkio-weight"),
    BlkioWeightDevice: throttled(flags.list("blkio-weight-device"), "Weight", Number),
    BlkioDeviceReadBps: throttled(flags.list("device-read-bps"), "Rate", ramInBytes),
    BlkioDeviceWriteBps: throttled(flags.list("device-write-bps"), "Rate", ramInBytes),
    BlkioDeviceReadIOps: throttled(flags.list("device-read-iops"), "Rate", Number),
    BlkioDeviceWriteIOps: throttled(flags.list("device-write-iops"), "Rate", Number),
    CpuPeriod: flags.int("cpu-period"),
    CpuQuota: flags.int("cpu-quota"),
    CpuRealtimePeriod: flags.int("cpu-rt-period"),
    CpuRealtimeRuntime: flags.int("cpu-rt-runtime"),
    CpusetCpus: flags.string("cpuset-cpus"),
    CpusetMems: flags.string("cpuset-mems"),
    Devices: devices.filter((device) => !isCdiDevice(device)).map(parseDevice),
    DeviceCgroupRules: orNull(flags.list("device-cgroup-rule")),
    DeviceRequests: deviceRequests(flags.list("gpus"), devices.filter(isCdiDevice)),
    MemoryReservation: bytes("memory-reservation"),
    MemorySwap: flags.changed("memory-swap") ? memorySwapBytes(flags.string("memory-swap")) : 0,
    MemorySwappiness: swappiness,
    OomKillDisable: flags.bool("oom-kill-disable"),
    PidsLimit: flags.int("pids-limit"),
    Ulimits: ulimits(flags.list("ulimit")),
  };
}

function deviceRequests(gpus: readonly string[], cdi: readonly string[]) {
  const requests = [
    ...gpus.map(parseGpus),
    ...(cdi.length === 0 ? [] : [{ Driver: "cdi", Count: 0, DeviceIDs: cdi, Capabilities: null, Options: null }]),
  ];
  return requests.length > 0 ? requests : null;
}

function throttled(values: readonly string[], field: "Rate" | "Weight", parse: (text: string) => number) {
  return values.map((value) => {
    const [path, number] = cut(value, ":");
    return { Path: path, [field]: parse(number) };
  });
}
