import { conflict, unavailable } from "../errdefs/errors.ts";
import type { Disposable } from "../internal/disposable.ts";
import type { AgentPort, HostFiles, Machine, MachineExit, MachineState, StartOptions } from "./machine.ts";

/** A machine that emulates nothing, for tests of what stands on one: its guest is whatever answers at the port. */
export class FakeMachine<Port extends AgentPort> implements Machine {
  readonly id = "fake";
  readonly platforms = [{ os: "linux", architecture: "386" }];
  readonly memory = 1 << 28;
  readonly cpus = 1;
  readonly idle = true;
  readonly files: HostFiles = { publish: () => undefined, withdraw: () => undefined, share: () => undefined };
  /** How many guests it has booted. */
  boots = 0;
  /** Why the next start fails. */
  failure: Error | undefined;
  readonly #boot: () => Port;
  readonly #listeners = new Set<(exit: MachineExit) => void>();
  #state: MachineState = "off";
  #port: Port | undefined;
  #turn = 0;

  /** `boot` makes the port of each new guest. */
  constructor(boot: () => Port) {
    this.#boot = boot;
  }

  get state(): MachineState {
    return this.#state;
  }

  get port(): Port {
    if (this.#state !== "running" || !this.#port) throw unavailable("the guest is not running");
    return this.#port;
  }

  async start({ signal }: StartOptions = {}): Promise<void> {
    if (this.#state === "starting" || this.#state === "running") throw conflict("the machine is already running");
    const turn = ++this.#turn;
    this.#state = "starting";
    await Promise.resolve();
    if (turn !== this.#turn) throw unavailable("the machine was stopped while it started");
    this.#state = "off";
    signal?.throwIfAborted();
    if (this.failure) throw this.failure;
    this.boots += 1;
    this.#port = this.#boot();
    this.#state = "running";
  }

  async stop(): Promise<void> {
    this.#turn += 1;
    this.#state = "off";
  }

  /** The guest dies. Who listens is told a moment later, as by a real one. */
  die(reason: string): void {
    this.#turn += 1;
    this.#state = "dead";
    queueMicrotask(() => {
      for (const listener of [...this.#listeners]) listener({ reason });
    });
  }

  onExit(listener: (exit: MachineExit) => void): Disposable {
    const each = (exit: MachineExit): void => listener(exit);
    this.#listeners.add(each);
    return { dispose: () => void this.#listeners.delete(each) };
  }

  onConsole(): Disposable {
    return { dispose: () => undefined };
  }
}
