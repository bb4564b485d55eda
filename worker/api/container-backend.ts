import type {
  AttachedStreams,
  ContainerAttachOptions,
  ContainerCreateOptions,
  ContainerListOptions,
  ContainerLogs,
  ContainerLogsOptions,
  ContainerRemoveOptions,
  ContainerStatsOptions,
  ContainerStopOptions,
} from "./types/backend.ts";
import type { Filters } from "./types/common.ts";
import type {
  ContainerCreateResponse,
  ContainerInspect,
  ContainerSummary,
  ContainersPruneReport,
  ContainerTopResponse,
  ContainerUpdateRequest,
  ContainerUpdateResponse,
  ContainerWaitResponse,
  WaitCondition,
} from "./types/container.ts";
import type { ContainerStats } from "./types/stats.ts";

/**
 * What the container router consumes. `name` is a name (with or without its leading slash), an ID or an unambiguous prefix of
 * an ID; each method rejects with `NotFound` ("No such container: NAME") when there is none.
 */
export interface ContainerBackend {
  list(options: ContainerListOptions): Promise<readonly ContainerSummary[]>;
  create(options: ContainerCreateOptions): Promise<ContainerCreateResponse>;
  inspect(name: string, options?: { readonly size?: boolean }): Promise<ContainerInspect>;
  /** `NotModified` when it runs already. */
  start(name: string): Promise<void>;
  /** `NotModified` when it is stopped already. */
  stop(name: string, options?: ContainerStopOptions): Promise<void>;
  restart(name: string, options?: ContainerStopOptions): Promise<void>;
  /** `signal`: name with or without SIG, or number; absent: the container's own for `kill`, which is SIGKILL. */
  kill(name: string, signal?: string): Promise<void>;
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  rename(name: string, newName: string): Promise<void>;
  resize(name: string, size: { readonly rows: number; readonly columns: number }): Promise<void>;
  remove(name: string, options: ContainerRemoveOptions): Promise<void>;
  /** Resolves once the wait is registered, so that no exit after the answer's head is missed; `result` follows. */
  wait(
    name: string,
    options: { readonly condition: WaitCondition; readonly signal?: AbortSignal },
  ): Promise<{ readonly result: Promise<ContainerWaitResponse> }>;
  attach(name: string, options: ContainerAttachOptions): Promise<AttachedStreams>;
  logs(name: string, options: ContainerLogsOptions): Promise<ContainerLogs>;
  /** The stream ends after one sample unless `stream`; cancelling it stops the sampling. */
  stats(name: string, options: ContainerStatsOptions): Promise<ReadableStream<ContainerStats>>;
  top(name: string, psArgs: string): Promise<ContainerTopResponse>;
  update(name: string, changes: ContainerUpdateRequest): Promise<ContainerUpdateResponse>;
  prune(options: { readonly filters: Filters; readonly signal?: AbortSignal }): Promise<ContainersPruneReport>;
}
