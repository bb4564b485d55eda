import {
  array,
  boolean,
  type Decoder,
  duration,
  fileMode,
  int,
  int64,
  labels,
  map,
  nothing,
  orNull,
  pair,
  type Shape,
  string,
  stringOrArray,
  strings,
  struct,
  structWith,
  text,
  uint16,
  uint64,
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

const configShape: Shape<ContainerConfig> = {
  Hostname: string,
  Domainname: string,
  User: string,
  AttachStdin: boolean,
  AttachStdout: boolean,
  AttachStderr: boolean,
  ExposedPorts: map(nothing, "nat.PortSet"),
  Tty: boolean,
  OpenStdin: boolean,
  StdinOnce: boolean,
  Env: strings,
  Cmd: stringOrArray,
  Healthcheck: struct<HealthConfig>("v1.HealthcheckConfig", {
    Test: strings,
    Interval: duration,
    Timeout: duration,
    StartPeriod: duration,
    StartInterval: duration,
    Retries: int,
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
  StopTimeout: int,
  Shell: stringOrArray,
};

const throttle = array(
  structWith<ThrottleDevice>("blkiodev.ThrottleDevice", { Path: "", Rate: 0 }, { Path: string, Rate: uint64 }),
  "[]*blkiodev.ThrottleDevice",
);
const restartPolicy = structWith<RestartPolicy>(
  "container.RestartPolicy",
  { Name: "", MaximumRetryCount: 0 },
  { Name: text<RestartPolicy["Name"]>("container.RestartPolicyMode"), MaximumRetryCount: int },
);

const resourcesShape: Shape<Resources> = {
  CpuShares: int64,
  Memory: int64,
  NanoCpus: int64,
  CgroupParent: string,
  BlkioWeight: uint16,
  BlkioWeightDevice: array(
    structWith<{ readonly Path: string; readonly Weight: number }>(
      "blkiodev.WeightDevice",
      { Path: "", Weight: 0 },
      { Path: string, Weight: uint16 },
    ),
    "[]*blkiodev.WeightDevice",
  ),
  BlkioDeviceReadBps: throttle,
  BlkioDeviceWriteBps: throttle,
  BlkioDeviceReadIOps: throttle,
  BlkioDeviceWriteIOps: throttle,
  CpuPeriod: int64,
  CpuQuota: int64,
  CpuRealtimePeriod: int64,
  CpuRealtimeRuntime: int64,
  CpusetCpus: string,
  CpusetMems: string,
  Devices: array(
    structWith<DeviceMapping>(
      "container.DeviceMapping",
      { PathOnHost: "", PathInContainer: "", CgroupPermissions: "" },
      { PathOnHost: string, PathInContainer: string, CgroupPermissions: string },
    ),
  ),
  DeviceCgroupRules: strings,
  DeviceRequests: array(
    struct<DeviceRequest>("container.DeviceRequest", {
      Driver: string,
      Count: int,
      DeviceIDs: strings,
      Capabilities: array(strings),
      Options: labels,
    }),
  ),
  MemoryReservation: int64,
  MemorySwap: int64,
  MemorySwappiness: int64,
  OomKillDisable: boolean,
  PidsLimit: int64,
  Ulimits: array(
    structWith<Ulimit>("units.Ulimit", { Name: "", Hard: 0, Soft: 0 }, { Name: string, Hard: int64, Soft: int64 }),
    "[]*units.Ulimit",
  ),
  CpuCount: int64,
  CpuPercent: int64,
  IOMaximumIOps: uint64,
  IOMaximumBandwidth: uint64,
};

const mountRequest: Decoder<MountRequest> = structWith<MountRequest>(
  "mount.Mount",
  { Type: "" as MountRequest["Type"], Target: "" },
  {
    Type: text<MountRequest["Type"]>("mount.Type"),
    Source: string,
    Target: string,
    ReadOnly: boolean,
    Consistency: text("mount.Consistency"),
    BindOptions: struct<NonNullable<MountRequest["BindOptions"]>>("mount.BindOptions", {
      Propagation: text("mount.Propagation"),
      NonRecursive: boolean,
      CreateMountpoint: boolean,
      ReadOnlyNonRecursive: boolean,
      ReadOnlyForceRecursive: boolean,
    }),
    VolumeOptions: struct<NonNullable<MountRequest["VolumeOptions"]>>("mount.VolumeOptions", {
      NoCopy: boolean,
      Labels: labels,
      Subpath: string,
      DriverConfig: struct<{ readonly Name?: string; readonly Options?: Readonly<Record<string, string>> }>(
        "mount.Driver",
        {
          Name: string,
          Options: labels,
        },
      ),
    }),
    TmpfsOptions: struct<NonNullable<MountRequest["TmpfsOptions"]>>("mount.TmpfsOptions", {
      SizeBytes: int64,
      Mode: fileMode,
    }),
    ImageOptions: struct<NonNullable<MountRequest["ImageOptions"]>>("mount.ImageOptions", { Subpath: string }),
  },
);

const hostConfigShape: Shape<HostConfig> = {
  ...resourcesShape,
  Binds: strings,
  ContainerIDFile: string,
  LogConfig: structWith<LogConfig>("container.LogConfig", { Type: "", Config: {} }, { Type: string, Config: labels }),
  NetworkMode: text("container.NetworkMode"),
  PortBindings: map(
    orNull(
      array(
        structWith<PortBinding>("nat.PortBinding", { HostIp: "", HostPort: "" }, { HostIp: string, HostPort: string }),
      ),
    ),
    "nat.PortMap",
  ),
  RestartPolicy: restartPolicy,
  AutoRemove: boolean,
  VolumeDriver: string,
  VolumesFrom: strings,
  ConsoleSize: pair,
  Annotations: labels,
  CapAdd: stringOrArray,
  CapDrop: stringOrArray,
  CgroupnsMode: text<HostConfig["CgroupnsMode"]>("container.CgroupnsMode"),
  Dns: strings,
  DnsOptions: strings,
  DnsSearch: strings,
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: text("container.IpcMode"),
  Cgroup: text("container.CgroupSpec"),
  Links: strings,
  OomScoreAdj: int,
  PidMode: text("container.PidMode"),
  Privileged: boolean,
  PublishAllPorts: boolean,
  ReadonlyRootfs: boolean,
  SecurityOpt: strings,
  StorageOpt: labels,
  Tmpfs: labels,
  UTSMode: text("container.UTSMode"),
  UsernsMode: text("container.UsernsMode"),
  ShmSize: int64,
  Sysctls: labels,
  Runtime: string,
  Isolation: text("container.Isolation"),
  Mounts: array(mountRequest),
  MaskedPaths: strings,
  ReadonlyPaths: strings,
  Init: boolean,
};

export const containerCreateRequest: Decoder<ContainerCreateRequest> = struct<ContainerCreateRequest>(
  "container.CreateRequest",
  {
    ...configShape,
    HostConfig: struct<HostConfig>("container.HostConfig", hostConfigShape),
    NetworkingConfig: struct<NonNullable<ContainerCreateRequest["NetworkingConfig"]>>("network.NetworkingConfig", {
      EndpointsConfig: map(orNull(endpointSettings), "map[string]*network.EndpointSettings"),
    }),
  },
);

export const containerUpdateRequest: Decoder<ContainerUpdateRequest> = struct<ContainerUpdateRequest>(
  "container.UpdateConfig",
  {
    ...resourcesShape,
    RestartPolicy: restartPolicy,
  },
);

export const execCreateRequest: Decoder<ExecCreateRequest> = struct<ExecCreateRequest>("container.ExecOptions", {
  User: string,
  Privileged: boolean,
  Tty: boolean,
  ConsoleSize: pair,
  AttachStdin: boolean,
  AttachStderr: boolean,
  AttachStdout: boolean,
  Detach: boolean,
  DetachKeys: string,
  Env: strings,
  WorkingDir: string,
  Cmd: strings,
});

export const execStartRequest: Decoder<ExecStartRequest> = struct<ExecStartRequest>("container.ExecStartOptions", {
  Detach: boolean,
  Tty: boolean,
  ConsoleSize: pair,
});
