import { toldElsewhere } from "../internal/failures.ts";
import type { ExitStatus, GuestProcess, TerminalSize } from "./guest.ts";
import type { GuestStream } from "./guest-stream.ts";

/** What a running process may ask of the agent. */
export interface ProcessControl {
  resize(process: number, size: TerminalSize): Promise<void>;
  kill(process: number, signal: number): Promise<void>;
}

export interface ProcessStreams {
  readonly stdio: GuestStream | undefined;
  readonly stderr: GuestStream | undefined;
}

/** A process of this session, from the answer to its SPAWN until its EXIT. */
export class SpawnedProcess implements GuestProcess {
  readonly pid: number;
  readonly stdin?: WritableStream<Uint8Array>;
  readonly stdout?: ReadableStream<Uint8Array>;
  readonly stderr?: ReadableStream<Uint8Array>;
  readonly exited: Promise<ExitStatus>;
  readonly #id: number;
  readonly #control: ProcessControl;
  #settle: { readonly resolve: (status: ExitStatus) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(id: number, pid: number, streams: ProcessStreams, control: ProcessControl) {
    this.#id = id;
    this.pid = pid;
    this.#control = control;
    const stdin = streams.stdio?.send?.writable;
    const stdout = streams.stdio?.receive?.readable;
    const stderr = streams.stderr?.receive?.readable;
    if (stdin) this.stdin = stdin;
    if (stdout) this.stdout = stdout;
    if (stderr) this.stderr = stderr;
    this.exited = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever awaits it still sees the error; nobody has to.
    toldElsewhere(this.exited);
  }

  resize(size: TerminalSize): Promise<void> {
    return this.#control.resize(this.#id, size);
  }

  kill(signal: number): Promise<void> {
    return this.#control.kill(this.#id, signal);
  }

  settleExit(status: ExitStatus): void {
    this.#settle?.resolve(status);
  }

  fail(error: Error): void {
    this.#settle?.reject(error);
  }
}
