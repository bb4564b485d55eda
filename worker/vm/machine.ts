import type { Disposable } from "../internal/disposable.ts";
import type { RandomAccess } from "../internal/random-access.ts";
import type { Platform } from "../oci/platform.ts";
import type { HostTree } from "./host-tree.ts";

/**
 * A virtual machine that runs the guest. Life cycle: `start()` once, then `running` until `stop()` or until the guest dies
 * (`onExit`); after either, `start()` boots it anew from the snapshot with nothing of the former guest's memory.
 * v86 is one implementation; nothing above this interface knows it.
 */
export interface Machine {
  /** Stable name of this machine: recorded with every container that it runs. */
  readonly id: string;
  /** What it can run, best first. Images are chosen by walking this list. */
  readonly platforms: readonly Platform[];
  /** Guest RAM in bytes, and its processors. */
  readonly memory: number;
  readonly cpus: number;
  readonly state: MachineState;
  /** Whether its processors wait for something to happen at this moment. */
  readonly idle: boolean;
  /** The port on which the agent listens. Valid while `running`. */
  readonly port: AgentPort;
  /** What the guest sees of the host's files. Survives restarts of the guest. */
  readonly files: HostFiles;

  start(options?: StartOptions): Promise<void>;
  stop(): Promise<void>;
  /** Called when the guest dies without `stop()`: a kernel panic, a halted CPU, a broken port. */
  onExit(listener: (exit: MachineExit) => void): Disposable;
  /** Text of the kernel's console, for diagnosis. */
  onConsole(listener: (text: string) => void): Disposable;
}

export type MachineState = "off" | "starting" | "running" | "dead";

export interface MachineExit {
  readonly reason: string;
}

export interface StartOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: StartProgress) => void;
}

/** `what` is told to the user, such as "Starting the machine"; `done` and `total` count its bytes where both are known. */
export interface StartProgress {
  readonly what: string;
  readonly done?: number;
  readonly total?: number;
}

/** An ordered, lossless byte channel to the agent. The bytes are the protocol of kernel-image/protocol.md. */
export interface AgentPort {
  /** Queues bytes; the array must not change afterwards. */
  send(bytes: Uint8Array): void;
  /** Bytes queued by `send` that the guest has not taken yet. */
  readonly queued: number;
  /** The bytes handed to the listener may be kept. There is one listener at a time. */
  onReceive(listener: (bytes: Uint8Array) => void): Disposable;
}

/**
 * A read-only tree and shared folders that the guest mounts over 9p (mount tag `host`): `layers/NAME` are published files,
 * `shares/NAME` are shared folders.
 */
export interface HostFiles {
  /** Publishes an immutable file as `layers/NAME`. Publishing a name again replaces nothing: it must be the same content. */
  publish(name: string, file: RandomAccess): void;
  /** Withdraws it; open handles in the guest fail from then on. */
  withdraw(name: string): void;
  /** Shares a folder as `shares/NAME`. */
  share(name: string, tree: HostTree): void;
}
