import type { GuestOperation, GuestProcess, TerminalSize } from "../shim/guest.ts";
import type { Mount } from "../snapshots/mount.ts";
import type { LinuxResources, ProcessSpec, Spec } from "./spec/types.ts";

/**
 * What runs containers: an OCI runtime in one guest. A `Bundle` is prepared, started once, and becomes a `Task`; the task is
 * deleted after it exited. Processes that are added to a running task are `Process`es. Named after containerd's runtime.
 */
export interface Runtime {
  readonly name: string;
  /**
   * Begins a bundle. Nothing has to be awaited: what `options` asks for is carried out with the first `read` or with
   * `start`, and fails there.
   */
  prepare(id: string, options: BundleOptions): Bundle;
}

export interface BundleOptions {
  /** Mounts that make the root filesystem, in order, on the bundle's `rootfs`. */
  readonly rootfs: readonly Mount[];
  /** Carried out before (directories, files that will be bind-mounted) and after the root filesystem is mounted. */
  readonly before?: readonly GuestOperation[];
}

export interface Bundle {
  /** Path of the root filesystem in the guest. */
  readonly rootfs: string;
  /** A folder that a caller may make and mount, to bind there what the container is to have: it goes with the bundle. */
  readonly binds: string;
  /** Where a caller may mount what is to be the container's /dev/shm, so that others can be given it: it goes with the bundle. */
  readonly shm: string;
  /** Operations to be carried out before the start, after those that were asked for. */
  add(operations: readonly GuestOperation[]): void;
  /** Reads a file of the root filesystem, without leaving it; undefined when there is none. */
  read(path: string, limit: number): Promise<Uint8Array | undefined>;
  /**
   * Starts the container. Rejects with `StartFailed` when its process cannot run; the bundle is then already cleared away, as
   * it is when `signal` gives the start up.
   */
  start(spec: Spec, stdio: Stdio, signal?: AbortSignal): Promise<Task>;
  /** Clears away a bundle that will not be started. */
  discard(): Promise<void>;
}

export interface Stdio {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** With a terminal, stdin, stdout and stderr are one pty and `stdout` carries all output. */
  readonly terminal?: { readonly size?: TerminalSize };
}

/** A process that runs in a container. */
export type Process = GuestProcess;

export interface Task extends Process {
  readonly id: string;
  /** As in its bundle. */
  readonly shm: string;
  /** Adds a process. Rejects with `StartFailed`. */
  exec(execId: string, process: ProcessSpec, stdio: Stdio): Promise<Process>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  update(resources: LinuxResources): Promise<void>;
  /** Kills everything in the container's cgroup. */
  killAll(): Promise<void>;
  metrics(): Promise<Metrics>;
  /** Reads a file of its root filesystem, without leaving it; undefined when there is none. */
  read(path: string, limit: number): Promise<Uint8Array | undefined>;
  /** Processes of the container, by their ids on the Docker host. */
  pids(): Promise<readonly number[]>;
  /** Clears away what the exited container left in the guest, and tells what can be known only until then. */
  delete(): Promise<TaskExit>;
}

export interface TaskExit {
  readonly oomKilled: boolean;
}

/** Counters of a cgroup. Times are nanoseconds, sizes bytes; a limit that is not set is undefined. */
export interface Metrics {
  readonly cpu: {
    readonly total: number;
    readonly user: number;
    readonly system: number;
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledTime: number;
  };
  /** All processors together, busy and idle: what the container's share is measured against. */
  readonly systemCpu: number;
  readonly memory: {
    readonly usage: number;
    readonly limit: number | undefined;
    readonly stat: Readonly<Record<string, number>>;
  };
  readonly pids: { readonly current: number; readonly limit: number | undefined };
  readonly io: readonly {
    readonly major: number;
    readonly minor: number;
    readonly op: string;
    readonly value: number;
  }[];
}

/**
 * The container's or exec's process cannot be started. `message` is what Docker's user reads; `exitCode` what a shell would answer: 127 not found, 126 not executable, 128 all else.
 */
export class StartFailed extends Error {
  override readonly name = "StartFailed";
  readonly exitCode: 126 | 127 | 128;

  constructor(message: string, exitCode: 126 | 127 | 128, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
