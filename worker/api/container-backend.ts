import type { Filters, Platform } from "./types/common.ts";
import type {
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerSummary,
  ContainersPruneReport,
  ContainerTopResponse,
  ContainerUpdateResponse,
  ContainerWaitResponse,
  FilesystemChange,
  PathStat,
  WaitCondition,
} from "./types/container.ts";
import type { Resources, RestartPolicy } from "./types/host-config.ts";
import type { ContainerStats } from "./types/stats.ts";

/**
 * What the container router consumes. `name` is a name (with or without its leading slash), an ID or an unambiguous prefix of
 * an ID; each method rejects with `NotFound` ("No such container: NAME") when there is none. An operation whose method is absent
 * answers 501.
 */
export interface ContainerBackend {
  list(options: ContainerListOptions): Promise<readonly ContainerSummary[]>;
  create(options: ContainerCreateOptions): Promise<ContainerCreateResponse>;
  inspect(name: string, options?: { readonly size?: boolean }): Promise<ContainerInspect>;
  /** `NotModified` when it runs already. */
  start(name: string, options?: { readonly detachKeys?: string }): Promise<void>;
  /** `NotModified` when it is stopped already. */
  stop(name: string, options?: StopOptions): Promise<void>;
  restart(name: string, options?: StopOptions): Promise<void>;
  /** `signal`: name with or without SIG, or number; absent: the container's own for `kill`, which is SIGKILL. */
  kill(name: string, signal?: string): Promise<void>;
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  rename(name: string, newName: string): Promise<void>;
  resize(name: string, size: { readonly rows: number; readonly columns: number }): Promise<void>;
  remove(name: string, options: RemoveOptions): Promise<void>;
  /** Resolves once the wait is registered, so that no exit after the answer's head is missed; `result` follows. */
  wait(
    name: string,
    options: { readonly condition: WaitCondition; readonly signal?: AbortSignal },
  ): Promise<{ readonly result: Promise<ContainerWaitResponse> }>;
  attach(name: string, options: AttachOptions): Promise<AttachedStreams>;
  logs(name: string, options: LogsOptions): Promise<ContainerLogs>;
  /** The stream ends after one sample unless `stream`; cancelling it stops the sampling. */
  stats?(
    name: string,
    options: { readonly stream: boolean; readonly oneShot: boolean; readonly signal?: AbortSignal },
  ): Promise<ReadableStream<ContainerStats>>;
  top?(name: string, psArgs: string): Promise<ContainerTopResponse>;
  changes?(name: string): Promise<readonly FilesystemChange[]>;
  update?(
    name: string,
    update: Partial<Resources> & { readonly RestartPolicy?: RestartPolicy },
  ): Promise<ContainerUpdateResponse>;
  prune?(options: { readonly filters: Filters; readonly signal?: AbortSignal }): Promise<ContainersPruneReport>;
  statPath?(name: string, path: string): Promise<PathStat>;
  /** Tar stream of a path. */
  readPath?(
    name: string,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ readonly stat: PathStat; readonly archive: ReadableStream<Uint8Array> }>;
  /** Unpacks an uncompressed or compressed tar stream at a path. */
  writePath?(
    name: string,
    path: string,
    archive: ReadableStream<Uint8Array>,
    options: { readonly noOverwriteDirNonDir: boolean; readonly copyUidGid: boolean; readonly signal?: AbortSignal },
  ): Promise<void>;
  /** Tar stream of the whole root filesystem. */
  export?(name: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

export interface ContainerListOptions {
  readonly all: boolean;
  readonly size: boolean;
  /** At most so many of the newest, stopped ones included; -1 or 0 is all. */
  readonly limit: number;
  readonly filters: Filters;
}

export interface ContainerCreateOptions {
  /** Absent: the engine makes one up. */
  readonly name?: string;
  readonly platform?: Platform;
  readonly request: ContainerCreateRequest;
  readonly signal?: AbortSignal;
}

export interface StopOptions {
  readonly signal?: string;
  /** Seconds; negative waits for ever; absent: the container's own StopTimeout, or 10. */
  readonly timeout?: number;
}

export interface RemoveOptions {
  readonly force: boolean;
  readonly removeVolumes: boolean;
  readonly removeLink: boolean;
}

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Replay the log first. */
  readonly logs: boolean;
  /** Follow the live streams. */
  readonly stream: boolean;
  /** Such as `ctrl-p,ctrl-q`; absent: the engine's default. */
  readonly detachKeys?: string;
  /** Aborted when the client goes away. */
  readonly signal?: AbortSignal;
}

/**
 * The streams of a container or exec as one client sees them. The backend scans stdin for the detach keys; when they come it
 * ends stdout and stderr. Closing stdin closes the process's stdin where the container was made with StdinOnce; aborting it (the
 * client is gone, or its connection over) leaves the process's stdin as it is. Cancelling stdout and stderr detaches. Backpressure
 * goes both ways.
 */
export interface AttachedStreams {
  /** With a tty the bytes are raw and all on stdout; without, the API multiplexes them. */
  readonly tty: boolean;
  readonly stdin?: WritableStream<Uint8Array>;
  readonly stdout?: ReadableStream<Uint8Array>;
  readonly stderr?: ReadableStream<Uint8Array>;
}

export interface LogsOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Label values in front of each line. */
  readonly details: boolean;
  /** Nanoseconds since the epoch. */
  readonly since?: bigint;
  readonly until?: bigint;
  /** Lines from the end; absent: all. */
  readonly tail?: number;
  readonly signal?: AbortSignal;
}

export interface ContainerLogs {
  readonly tty: boolean;
  /** In the order in which they were logged; `bytes` holds timestamps and details already. Cancelling it stops following. */
  readonly frames: ReadableStream<OutputFrame>;
}

export interface OutputFrame {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array;
}
