import type { DescriptorJson, Labels, NameSet, Timestamp } from "./common.ts";
import type { HostConfig, MountPoint, PortSummary, Resources, RestartPolicy } from "./host-config.ts";
import type { EndpointSettings, NetworkSettings } from "./network.ts";

/** What an image says and a container may override (`container.Config`). `null` where Go has a nil slice or map. */
export interface ContainerConfig {
  readonly Hostname: string;
  readonly Domainname: string;
  readonly User: string;
  readonly AttachStdin: boolean;
  readonly AttachStdout: boolean;
  readonly AttachStderr: boolean;
  readonly ExposedPorts?: NameSet;
  readonly Tty: boolean;
  readonly OpenStdin: boolean;
  readonly StdinOnce: boolean;
  readonly Env: readonly string[] | null;
  readonly Cmd: readonly string[] | null;
  readonly Healthcheck?: HealthConfig;
  readonly ArgsEscaped?: boolean;
  readonly Image: string;
  readonly Volumes: NameSet | null;
  readonly WorkingDir: string;
  readonly Entrypoint: readonly string[] | null;
  readonly NetworkDisabled?: boolean;
  readonly MacAddress?: string;
  readonly OnBuild: readonly string[] | null;
  readonly Labels: Labels | null;
  readonly StopSignal?: string;
  /** Seconds. */
  readonly StopTimeout?: number;
  readonly Shell?: readonly string[];
}

/** Durations in nanoseconds; 0 inherits. */
export interface HealthConfig {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** Body of `POST /containers/create`, with `null` members dropped. What is absent has Go's zero value. */
export interface ContainerCreateRequest extends Partial<ContainerConfig> {
  readonly HostConfig?: Partial<HostConfig>;
  /** An endpoint of `null` is one that the engine refuses. */
  readonly NetworkingConfig?: { readonly EndpointsConfig?: Readonly<Record<string, Partial<EndpointSettings> | null>> };
}

export interface ContainerCreateResponse {
  readonly Id: string;
  readonly Warnings: readonly string[];
}

export type ContainerStatus = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

export interface ContainerState {
  readonly Status: ContainerStatus;
  readonly Running: boolean;
  readonly Paused: boolean;
  readonly Restarting: boolean;
  readonly OOMKilled: boolean;
  readonly Dead: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Error: string;
  readonly StartedAt: Timestamp;
  readonly FinishedAt: Timestamp;
  readonly Health?: Health;
}

export interface Health {
  readonly Status: "none" | "starting" | "healthy" | "unhealthy";
  readonly FailingStreak: number;
  readonly Log: readonly HealthcheckResult[] | null;
}

export interface HealthcheckResult {
  readonly Start: Timestamp;
  readonly End: Timestamp;
  readonly ExitCode: number;
  readonly Output: string;
}

/** `GET /containers/{id}/json`. */
export interface ContainerInspect {
  readonly Id: string;
  readonly Created: Timestamp;
  readonly Path: string;
  readonly Args: readonly string[];
  readonly State: ContainerState;
  /** Image ID: digest of the config. */
  readonly Image: string;
  readonly ResolvConfPath: string;
  readonly HostnamePath: string;
  readonly HostsPath: string;
  readonly LogPath: string;
  /** With a leading slash. */
  readonly Name: string;
  readonly RestartCount: number;
  readonly Driver: string;
  readonly Platform: string;
  readonly ImageManifestDescriptor?: DescriptorJson;
  readonly MountLabel: string;
  readonly ProcessLabel: string;
  readonly AppArmorProfile: string;
  readonly ExecIDs: readonly string[] | null;
  readonly HostConfig: HostConfig;
  readonly GraphDriver: GraphDriver;
  /** With `size=1`. */
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Mounts: readonly MountPoint[];
  readonly Config: ContainerConfig;
  readonly NetworkSettings: NetworkSettings;
}

export interface GraphDriver {
  readonly Data: Labels | null;
  readonly Name: string;
}

/** One entry of `GET /containers/json`. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly ImageManifestDescriptor?: DescriptorJson;
  readonly Command: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Ports: readonly PortSummary[];
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Labels: Labels;
  readonly State: ContainerStatus;
  /** As in `Up 3 minutes` or `Exited (0) 2 hours ago`. */
  readonly Status: string;
  readonly HostConfig: { readonly NetworkMode?: string; readonly Annotations?: Labels };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, EndpointSettings>> };
  readonly Mounts: readonly MountPoint[];
}

export type WaitCondition = "not-running" | "next-exit" | "removed";

export interface ContainerWaitResponse {
  readonly StatusCode: number;
  readonly Error?: { readonly Message: string };
}

export interface ContainerTopResponse {
  readonly Processes: readonly (readonly string[])[];
  readonly Titles: readonly string[];
}

/** `Kind`: 0 modified, 1 added, 2 deleted. */
export type ContainerUpdateRequest = Partial<Resources> & { readonly RestartPolicy?: RestartPolicy };

export interface ContainerUpdateResponse {
  readonly Warnings: readonly string[] | null;
}

export interface ContainersPruneReport {
  readonly ContainersDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}
