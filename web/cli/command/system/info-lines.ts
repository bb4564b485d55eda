import { bytesSize } from "../../../../worker/internal/units/size.ts";

/** GET /info, as far as it is printed. */
export interface EngineInfo {
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly ContainersPaused: number;
  readonly ContainersStopped: number;
  readonly Images: number;
  readonly DriverStatus?: readonly (readonly [string, string])[] | null;
  readonly Plugins?: Readonly<Record<"Volume" | "Network" | "Authorization" | "Log", readonly string[] | null>>;
  readonly CDISpecDirs?: readonly string[] | null;
  readonly Swarm?: { readonly LocalNodeState?: string };
  readonly Runtimes?: Readonly<Record<string, unknown>> | null;
  readonly SecurityOptions?: readonly string[] | null;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly Labels?: readonly string[] | null;
  readonly RegistryConfig?: {
    readonly InsecureRegistryCIDRs?: readonly string[] | null;
    readonly IndexConfigs?: Readonly<Record<string, { readonly Name: string; readonly Secure: boolean }>> | null;
    readonly Mirrors?: readonly string[] | null;
  } | null;
  readonly Warnings?: readonly string[] | null;
  readonly ContainerdCommit?: { readonly ID: string };
  readonly RuncCommit?: { readonly ID: string };
  readonly InitCommit?: { readonly ID: string };
  readonly [field: string]: unknown;
}

/** The lines below "Server:". */
export function serverInfoLines(info: EngineInfo, username: string): string[] {
  const shown = (label: string, value: unknown) => (value ? [` ${label}: ${String(value)}`] : []);
  return [
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ...shown("Server Version", info.ServerVersion),
    ...shown("Storage Driver", info.Driver),
    ...(info.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}`),
    ...shown("Logging Driver", info.LoggingDriver),
    ...shown("Cgroup Driver", info.CgroupDriver),
    ...shown("Cgroup Version", info.CgroupVersion),
    ...pluginLines(info),
    ...list("CDI spec directories", info.CDISpecDirs),
    ` Swarm: ${info.Swarm?.LocalNodeState ?? ""}`,
    ...runtimeLines(info),
    ...shown("Kernel Version", info.KernelVersion),
    ...shown("Operating System", info.OperatingSystem),
    ...shown("OSType", info.OSType),
    ...shown("Architecture", info.Architecture),
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${bytesSize(info.MemTotal)}`,
    ...shown("Name", info.Name),
    ...shown("ID", info.ID),
    ` Docker Root Dir: ${String(info.DockerRootDir ?? "")}`,
    ` Debug Mode: ${String(info.Debug ?? false)}`,
    ...debugLines(info),
    ...shown("HTTP Proxy", info.HttpProxy),
    ...shown("HTTPS Proxy", info.HttpsProxy),
    ...shown("No Proxy", info.NoProxy),
    ...shown("Username", username),
    ...list("Labels", info.Labels),
    ` Experimental: ${String(info.ExperimentalBuild ?? false)}`,
    ...registryLines(info),
    ` Live Restore Enabled: ${String(info.LiveRestoreEnabled ?? false)}`,
    ...shown("Product License", info.ProductLicense),
  ];
}

function list(title: string, items: readonly string[] | null | undefined): string[] {
  return items?.length ? [` ${title}:`, ...items.map((item) => `  ${item}`)] : [];
}

function pluginLines({ Plugins }: EngineInfo): string[] {
  const names = (kind: "Volume" | "Network" | "Authorization" | "Log") => (Plugins?.[kind] ?? []).join(" ");
  const authorization = names("Authorization");
  return [
    " Plugins:",
    `  Volume: ${names("Volume")}`,
    `  Network: ${names("Network")}`,
    ...(authorization === "" ? [] : [`  Authorization: ${authorization}`]),
    `  Log: ${names("Log")}`,
  ];
}

function runtimeLines(info: EngineInfo): string[] {
  const runtimes = Object.keys(info.Runtimes ?? {});
  const lines: string[] = [];
  if (runtimes.length > 0) {
    lines.push(` Runtimes: ${runtimes.join(" ")}`, ` Default Runtime: ${String(info.DefaultRuntime ?? "")}`);
  }
  if (info.OSType !== "linux") return lines;
  lines.push(
    ` Init Binary: ${String(info.InitBinary ?? "")}`,
    ` containerd version: ${info.ContainerdCommit?.ID ?? ""}`,
    ` runc version: ${info.RuncCommit?.ID ?? ""}`,
    ` init version: ${info.InitCommit?.ID ?? ""}`,
  );
  if (info.SecurityOptions?.length) lines.push(" Security Options:", ...info.SecurityOptions.flatMap(securityLines));
  return lines;
}

/** `name=seccomp,profile=builtin` as the name and, below it, the profile. */
function securityLines(option: string): string[] {
  const pairs = new Map(option.split(",").map((pair) => pair.split("=", 2) as [string, string]));
  const profile = pairs.get("profile");
  return [`  ${pairs.get("name") ?? option}`, ...(profile === undefined ? [] : [`   Profile: ${profile}`])];
}

function debugLines(info: EngineInfo): string[] {
  if (!info.Debug) return [];
  return [
    `  File Descriptors: ${String(info.NFd ?? 0)}`,
    `  Goroutines: ${String(info.NGoroutines ?? 0)}`,
    `  System Time: ${String(info.SystemTime ?? "")}`,
    `  EventsListeners: ${String(info.NEventsListener ?? 0)}`,
  ];
}

function registryLines({ RegistryConfig }: EngineInfo): string[] {
  const indexes = Object.values(RegistryConfig?.IndexConfigs ?? {});
  const cidrs = RegistryConfig?.InsecureRegistryCIDRs ?? [];
  const insecure = indexes.filter((index) => !index.Secure).map((index) => index.Name);
  return [
    ...(cidrs.length > 0 || indexes.length > 0
      ? [" Insecure Registries:", ...[...insecure, ...cidrs].map((each) => `  ${each}`)]
      : []),
    ...list("Registry Mirrors", RegistryConfig?.Mirrors),
  ];
}
