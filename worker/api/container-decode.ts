import type { Shape } from "../internal/decode.ts";
import {
  array,
  boolean,
  type Decode,
  integer,
  map,
  nothing,
  oneOf,
  orNull,
  pair,
  string,
  stringOrArray,
  struct,
} from "../internal/decode.ts";
import { endpointSettings } from "./network-decode.ts";
import type {
  ContainerConfig,
  ContainerCreateRequest,
  ContainerUpdateRequest,
  HealthConfig,
} from "./types/container.ts";
import type { ExecCreateRequest, ExecStartRequest } from "./types/exec.ts";
import type {
  DeviceMapping,
  DeviceRequest,
  HostConfig,
  LogConfig,
  MountRequest,
  PortBinding,
  Resources,
  RestartPolicy,
  ThrottleDevice,
  Ulimit,
} from "./types/host-config.ts";

const strings = array(string);
const labels = map(string);

/** A struct whose members have Go's zero values where the client gave none. */
function withZero<T extends object>(zero: T, shape: Shape<T>): Decode<T> {
  const decode = struct<T>(shape);
  return (value, path) => ({ ...zero, ...decode(value, path) });
}

const configShape: Shape<ContainerConfig> = {
  Hostname: string,
  Domainname: string,
  User: string,
  AttachStdin: boolean,
  AttachStdout: boolean,
  AttachStderr: boolean,
  ExposedPorts: map(nothing),
  Tty: boolean,
  OpenStdin: boolean,
  StdinOnce: boolean,
  Env: strings,
  Cmd: stringOrArray,
  Healthcheck: struct<HealthConfig>({
    Test: strings,
    Interval: integer,
    Timeout: integer,
    StartPeriod: integer,
    StartInterval: integer,
    Retries: integer,
  }),
  ArgsEscaped: boolean,
  Image: string,
  Volumes: map(nothing),
  WorkingDir: string,
  Entrypoint: stringOrArray,
  NetworkDisabled: boolean,
  MacAddress: string,
  OnBuild: strings,
  Labels: labels,
  StopSignal: string,
  StopTimeout: integer,
  Shell: stringOrArray,
};

const throttle = array(withZero<ThrottleDevice>({ Path: "", Rate: 0 }, { Path: string, Rate: integer }));
const restartPolicy = withZero<RestartPolicy>(
  { Name: "", MaximumRetryCount: 0 },
  { Name: oneOf<RestartPolicy["Name"]>(), MaximumRetryCount: integer },
);

const resourcesShape: Shape<Resources> = {
  CpuShares: integer,
  Memory: integer,
  NanoCpus: integer,
  CgroupParent: string,
  BlkioWeight: integer,
  BlkioWeightDevice: array(
    withZero<{ readonly Path: string; readonly Weight: number }>(
      { Path: "", Weight: 0 },
      { Path: string, Weight: integer },
    ),
  ),
  BlkioDeviceReadBps: throttle,
  BlkioDeviceWriteBps: throttle,
  BlkioDeviceReadIOps: throttle,
  BlkioDeviceWriteIOps: throttle,
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: string,
  CpusetMems: string,
  Devices: array(
    withZero<DeviceMapping>(
      { PathOnHost: "", PathInContainer: "", CgroupPermissions: "" },
      { PathOnHost: string, PathInContainer: string, CgroupPermissions: string },
    ),
  ),
  DeviceCgroupRules: strings,
  DeviceRequests: array(
    struct<DeviceRequest>({
      Driver: string,
      Count: integer,
      DeviceIDs: strings,
      Capabilities: array(strings),
      Options: labels,
    }),
  ),
  MemoryReservation: integer,
  MemorySwap: integer,
  MemorySwappiness: integer,
  OomKillDisable: boolean,
  PidsLimit: integer,
  Ulimits: array(withZero<Ulimit>({ Name: "", Hard: 0, Soft: 0 }, { Name: string, Hard: integer, Soft: integer })),
  CpuCount: integer,
  CpuPercent: integer,
  IOMaximumIOps: integer,
  IOMaximumBandwidth: integer,
};

const mountRequest: Decode<MountRequest> = withZero<MountRequest>(
  { Type: "" as MountRequest["Type"], Target: "" },
  {
    Type: oneOf<MountRequest["Type"]>(),
    Source: string,
    Target: string,
    ReadOnly: boolean,
    Consistency: string,
    BindOptions: struct<NonNullable<MountRequest["BindOptions"]>>({
      Propagation: string,
      NonRecursive: boolean,
      CreateMountpoint: boolean,
      ReadOnlyNonRecursive: boolean,
      ReadOnlyForceRecursive: boolean,
    }),
    VolumeOptions: struct<NonNullable<MountRequest["VolumeOptions"]>>({
      NoCopy: boolean,
      Labels: labels,
      Subpath: string,
      DriverConfig: struct<{ readonly Name?: string; readonly Options?: Readonly<Record<string, string>> }>({
        Name: string,
        Options: labels,
      }),
    }),
    TmpfsOptions: struct<NonNullable<MountRequest["TmpfsOptions"]>>({ SizeBytes: integer, Mode: integer }),
    ImageOptions: struct<NonNullable<MountRequest["ImageOptions"]>>({ Subpath: string }),
  },
);

const hostConfigShape: Shape<HostConfig> = {
  ...resourcesShape,
  Binds: strings,
  ContainerIDFile: string,
  LogConfig: withZero<LogConfig>({ Type: "", Config: {} }, { Type: string, Config: labels }),
  NetworkMode: string,
  PortBindings: map(
    orNull(array(withZero<PortBinding>({ HostIp: "", HostPort: "" }, { HostIp: string, HostPort: string }))),
  ),
  RestartPolicy: restartPolicy,
  AutoRemove: boolean,
  VolumeDriver: string,
  VolumesFrom: strings,
  ConsoleSize: pair,
  Annotations: labels,
  CapAdd: stringOrArray,
  CapDrop: stringOrArray,
  CgroupnsMode: oneOf<HostConfig["CgroupnsMode"]>(),
  Dns: strings,
  DnsOptions: strings,
  DnsSearch: strings,
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: string,
  Cgroup: string,
  Links: strings,
  OomScoreAdj: integer,
  PidMode: string,
  Privileged: boolean,
  PublishAllPorts: boolean,
  ReadonlyRootfs: boolean,
  SecurityOpt: strings,
  StorageOpt: labels,
  Tmpfs: labels,
  UTSMode: string,
  UsernsMode: string,
  ShmSize: integer,
  Sysctls: labels,
  Runtime: string,
  Isolation: string,
  Mounts: array(mountRequest),
  MaskedPaths: strings,
  ReadonlyPaths: strings,
  Init: boolean,
};

export const containerCreateRequest: Decode<ContainerCreateRequest> = struct<ContainerCreateRequest>({
  ...configShape,
  HostConfig: struct<HostConfig>(hostConfigShape),
  NetworkingConfig: struct<NonNullable<ContainerCreateRequest["NetworkingConfig"]>>({
    EndpointsConfig: map((value, path) => (value === null ? {} : endpointSettings(value, path))),
  }),
});

export const containerUpdateRequest: Decode<ContainerUpdateRequest> = struct<ContainerUpdateRequest>({
  ...resourcesShape,
  RestartPolicy: restartPolicy,
});

export const execCreateRequest: Decode<ExecCreateRequest> = struct<ExecCreateRequest>({
  User: string,
  Privileged: boolean,
  Tty: boolean,
  ConsoleSize: pair,
  AttachStdin: boolean,
  AttachStderr: boolean,
  AttachStdout: boolean,
  DetachKeys: string,
  Env: strings,
  WorkingDir: string,
  Cmd: strings,
});

export const execStartRequest: Decode<ExecStartRequest> = struct<ExecStartRequest>({
  Detach: boolean,
  Tty: boolean,
  ConsoleSize: pair,
});
