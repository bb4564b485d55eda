import type { Disposable } from "../internal/disposable.ts";
import type { DuplexBytes } from "../internal/streams.ts";
import { errnoText } from "./errno.ts";

/**
 * The guest as the engine sees it: the client side of the agent protocol (kernel-image/protocol.md). Calls are carried out
 * in the order in which they are made, so a caller may start several without awaiting each. Every call rejects with
 * `Unavailable` when the guest is gone, and with `GuestError` when the guest's kernel refused.
 */
export interface Guest {
  /** Carries out operations in order, in one round trip; stops at the first that fails and rejects with its error. */
  run(operations: readonly GuestOperation[]): Promise<void>;
  /**
   * Reads at most `limit` bytes of a file. With `root`, `path` is resolved inside that folder as chroot would (openat2
   * RESOLVE_IN_ROOT): for files of a container's root filesystem, whose links are untrusted. What is no regular file there is
   * EINVAL, and is not opened.
   */
  readFile(path: string, limit?: number, options?: { readonly root?: string }): Promise<Uint8Array>;
  readDir(path: string): Promise<readonly string[]>;
  /** What a tree holds: bytes of its files, as Docker counts them, and inodes. */
  usage(path: string): Promise<{ readonly size: number; readonly inodes: number }>;
  spawn(options: SpawnOptions): Promise<GuestProcess>;
  /** Sends a signal to a process (or, with a negative number, to its group). */
  kill(pid: number, signal: number): Promise<void>;
  /** Listens on a unix socket in the guest; what connects is untrusted. */
  listen(path: string, mode: number, onConnection: (connection: GuestConnection) => void): Promise<Disposable>;
  /** Sets the guest's clock. */
  setTime(now: Date): Promise<void>;
  /** Resolves when the agent answers, which it does at once, whatever other requests wait for. */
  ping(): Promise<void>;
  /** Facts that the agent reported at the handshake. */
  readonly info: GuestInfo;
  /** Called once when the guest is gone. */
  onGone(listener: (reason: string) => void): Disposable;
}

export interface GuestInfo {
  readonly protocol: number;
  /** The kernel's release, as `uname -r` says it. */
  readonly kernel: string;
  /** Bytes that the kernel has to give. */
  readonly memory: number;
}

export type GuestOperation =
  | { readonly op: "mkdir"; readonly path: string; readonly mode: number; readonly parents?: boolean }
  /** `mode` is for a new file. What exists is truncated; up to 56 KiB are one write(2), as cgroup's files want it. */
  | { readonly op: "write"; readonly path: string; readonly bytes: Uint8Array; readonly mode: number }
  | { readonly op: "append"; readonly path: string; readonly bytes: Uint8Array }
  | { readonly op: "symlink"; readonly target: string; readonly path: string }
  /** Without `recursive` a file or an empty folder. With it, EXDEV or EBUSY when something is mounted inside. */
  | { readonly op: "remove"; readonly path: string; readonly recursive?: boolean; readonly missingOk?: boolean }
  | {
      readonly op: "mount";
      readonly source: string;
      readonly target: string;
      readonly type: string;
      /** Flags and data mixed, as in mount(8): `ro`, `bind`, `rbind`, `rprivate`, `lowerdir=...`. */
      readonly options: readonly string[];
    }
  | { readonly op: "unmount"; readonly target: string; readonly lazy?: boolean; readonly missingOk?: boolean }
  /**
   * Copies what a folder holds into another, with owners, modes, links and xattrs of its files and of the folder itself; used
   * to fill a new volume from the image. With `root`, `from` is resolved inside that folder as chroot would. With
   * `missingOk` a `from` that is not there (or is no folder) copies nothing.
   */
  | {
      readonly op: "copy";
      readonly from: string;
      readonly to: string;
      readonly root?: string;
      readonly missingOk?: boolean;
    }
  /**
   * Binds `source`, a path below the folder `root` ("" is the folder itself), at `target`, which is made. Symlinks are followed
   * below `root` only: one that leads out is EXDEV (openat2 RESOLVE_BENEATH). `make`: folders that are missing are made; a
   * symlink that leads nowhere is EEXIST then. Without `target`, just looks whether it is there.
   */
  | {
      readonly op: "bind";
      readonly root: string;
      readonly source: string;
      readonly target?: string;
      readonly make?: boolean;
    };

export interface SpawnOptions {
  readonly argv: readonly string[];
  readonly env?: readonly string[];
  readonly cwd?: string;
  /** Without a tty: which standard streams are pipes to the engine; the others are /dev/null. */
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /**
   * `own`: the agent opens a pty and makes it the process's controlling terminal. `console-socket`: the agent listens on
   * this path, and the OCI runtime that is being spawned sends it the container's pty. Output then comes on `stdout` only.
   */
  readonly tty?: { readonly via: "own" } | { readonly via: "console-socket"; readonly path: string };
  readonly size?: TerminalSize;
  /**
   * Set for an OCI runtime that leaves its container behind (`run --detach`, `exec --detach`): when the spawned process has
   * exited with 0, its pid file names the process that `pid` and `exited` then speak of. When it exits otherwise `spawn`
   * rejects with `RuntimeFailed`, whose message is the tail of what it wrote to `errorLog`.
   */
  readonly adopt?: { readonly pidFile: string; readonly errorLog?: string };
  /** Kills what is being spawned (with `adopt`, the runtime) until `spawn` has settled: it rejects then, or was too fast. */
  readonly signal?: AbortSignal;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export interface GuestProcess {
  readonly pid: number;
  /** Present when asked for. Backpressure reaches the guest's pipe. Closing stdin closes the pipe (a tty: hangs it up not). */
  readonly stdin?: WritableStream<Uint8Array>;
  readonly stdout?: ReadableStream<Uint8Array>;
  readonly stderr?: ReadableStream<Uint8Array>;
  /** Settles when the process has been reaped. Output may still arrive until stdout and stderr close. */
  readonly exited: Promise<ExitStatus>;
  resize(size: TerminalSize): Promise<void>;
  kill(signal: number): Promise<void>;
}

/** `code` is the exit code, or 128 + signal. */
export interface ExitStatus {
  readonly code: number;
  readonly signal?: number;
  readonly at: Date;
}

/** Who connected, as the kernel tells it (SO_PEERCRED). */
export interface GuestConnection extends DuplexBytes {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** The guest's kernel refused an operation. */
export class GuestError extends Error {
  override readonly name = "GuestError";
  readonly errno: number;
  /** Such as `ENOENT`. */
  readonly code: string;

  constructor(errno: number, code: string, what: string) {
    super(`${what}: ${errnoText(code)}`);
    this.errno = errno;
    this.code = code;
  }
}

/** The OCI runtime could not start its process. `exitCode` is the runtime's own. */
export class RuntimeFailed extends Error {
  override readonly name = "RuntimeFailed";
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
