import type { AuthConfig, Filters, Platform, ProgressListener } from "./common.ts";
import type { ContainerCreateRequest } from "./container.ts";

/** What the API hands to the parts of the engine, as Docker's package `api/types/backend`: none of it travels as JSON. */

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

export interface ContainerStopOptions {
  readonly signal?: string;
  /** Seconds; negative waits for ever; absent: the container's own StopTimeout, or 10. */
  readonly timeout?: number;
}

export interface ContainerRemoveOptions {
  readonly force: boolean;
  readonly removeVolumes: boolean;
  readonly removeLink: boolean;
}

export interface ContainerStatsOptions {
  readonly stream: boolean;
  readonly oneShot: boolean;
  readonly signal?: AbortSignal;
}

export interface ContainerAttachOptions {
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

export interface ContainerLogsOptions {
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
  /** In the order in which they were logged. Cancelling it stops following. */
  readonly frames: ReadableStream<LogFrame>;
}

export interface LogFrame {
  readonly stream: "stdout" | "stderr";
  /** With timestamps and details. */
  readonly bytes: Uint8Array;
}

export interface ExecStartOptions {
  /** As the client believes; Docker compares it with what the exec was created with. */
  readonly tty: boolean;
  readonly size?: { readonly rows: number; readonly columns: number };
  /** Aborted when the client goes away. */
  readonly signal?: AbortSignal;
}

export interface ImageListOptions {
  /** Also the images that others were built upon here, which have no name of their own. */
  readonly all: boolean;
  readonly filters: Filters;
  readonly sharedSize: boolean;
}

export interface ImagePullOptions {
  /** `fromImage` as the client sent it. */
  readonly image: string;
  /** Tag or digest; empty: all tags, unless `image` holds one. */
  readonly tag: string;
  readonly platform?: Platform;
  readonly auth?: AuthConfig;
  readonly onProgress: ProgressListener;
  readonly signal?: AbortSignal;
}

export interface ImageRemoveOptions {
  readonly force: boolean;
  /** Also remove the nameless images that this one was built upon. */
  readonly prune: boolean;
}

export interface EventsOptions {
  /** Nanoseconds since the epoch. */
  readonly since?: bigint;
  readonly until?: bigint;
  readonly filters: Filters;
}
