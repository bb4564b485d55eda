import type { ContainerConfig } from "../api/types/container.ts";
import type { HostConfig, MountPoint, MountRequest } from "../api/types/host-config.ts";
import type { EndpointSettings } from "../api/types/network.ts";
import { zeroTime } from "../internal/clock.ts";
import type { Json } from "../metadata/records.ts";
import type { Digest } from "../oci/digest.ts";

/** Everything about a container that outlives the engine. One record each, under `containers/ID`. */
export interface ContainerRecord {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  /** RFC 3339. */
  readonly created: string;
  /** Which machine's memory its writable layer is in. */
  readonly machine: string;
  readonly imageId: Digest;
  readonly diffIds: readonly Digest[];
  readonly os: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly endpoints: Readonly<Record<string, Partial<EndpointSettings>>>;
  readonly mounts: readonly ContainerMount[];
  readonly state: StateRecord;
  readonly restartCount: number;
  /** The user ended it: its restart policy rests until it is started again. */
  readonly stoppedByUser: boolean;
}

/** A mount point and what is needed to mount it. */
export interface ContainerMount {
  readonly point: MountPoint;
  /** Where a volume is in the guest; where a bind is, is found out at each start. */
  readonly path: string;
  /** Made for this container alone: goes with `rm -v`. */
  readonly anonymous: boolean;
  /** Fill it from the image when nothing is in it yet. */
  readonly copy: boolean;
  /** Make the source folder when it is missing, as `-v` does. */
  readonly create: boolean;
  readonly recursive: boolean;
  /** Of a volume's own options; as `path` of a bind, found out at each start. */
  readonly flags?: readonly string[];
  readonly tmpfs?: MountRequest["TmpfsOptions"];
}

type RunState = "created" | "running" | "paused" | "restarting" | "exited" | "dead";

export interface StateRecord {
  readonly status: RunState;
  readonly exitCode: number;
  readonly error: string;
  readonly oomKilled: boolean;
  readonly pid: number;
  /** RFC 3339; the zero time when it never was. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Whether it ever ran, so that something is in its writable layer. */
  readonly used: boolean;
}

export const createdState: StateRecord = {
  status: "created",
  exitCode: 0,
  error: "",
  oomKilled: false,
  pid: 0,
  startedAt: zeroTime,
  finishedAt: zeroTime,
  used: false,
};

export function recordKey(id: string): string {
  return `containers/${id}`;
}

/** JSON drops what is undefined; the types say the same in two ways. */
export function toJson(record: ContainerRecord): Json {
  return JSON.parse(JSON.stringify(record));
}

export function fromJson(value: Json): ContainerRecord {
  return value as unknown as ContainerRecord;
}
