import { conflict, unavailable } from "../errdefs/errors.ts";
import type { Disposable } from "../internal/disposable.ts";
import type { Platform } from "../oci/platform.ts";
import { NinepHostFiles } from "./host-files.ts";
import type { AgentPort, HostFiles, Machine, MachineExit, MachineState, StartOptions } from "./machine.ts";
import { NinepServer } from "./ninep/server.ts";
import { Emulator } from "./v86/emulator.ts";
import { machineIdentity } from "./v86/identity.ts";

export interface V86MachineComponents {
  /** v86.wasm of the pinned version of the package, compiled. Asked for until it was had once. */
  readonly wasm: () => Promise<WebAssembly.Module>;
  /** What `takeSnapshot` gave for the same memory size, plain or zstd. Asked for at every start: the bytes need not be kept. */
  readonly snapshot: (options: StartOptions) => Promise<ArrayBuffer>;
}

export interface V86MachineOptions {
  readonly id: string;
  /** Bytes of RAM; that of the snapshot. */
  readonly memory?: number;
}

/** A PC emulated by v86: one i686 processor that compiles what it runs to WebAssembly. */
export class V86Machine implements Machine {
  readonly id: string;
  readonly platforms: readonly Platform[] = [{ os: "linux", architecture: "386" }];
  readonly memory: number;
  readonly cpus = 1;
  readonly #components: V86MachineComponents;
  readonly #files = new NinepHostFiles();
  readonly #exitListeners = new Set<(exit: MachineExit) => void>();
  readonly #consoleListeners = new Set<(text: string) => void>();
  #wasm: Promise<WebAssembly.Module> | undefined;
  #state: MachineState = "off";
  #emulator: Emulator | undefined;
  /** Counts starts and stops, so that a start that was overtaken notices. */
  #turn = 0;

  constructor(components: V86MachineComponents, options: V86MachineOptions) {
    this.#components = components;
    this.id = options.id;
    this.memory = options.memory ?? machineIdentity.memory;
  }

  get state(): MachineState {
    return this.#state;
  }

  get idle(): boolean {
    return this.#emulator?.idle ?? true;
  }

  get files(): HostFiles {
    return this.#files;
  }

  get port(): AgentPort {
    if (this.#state !== "running" || !this.#emulator) throw unavailable("the guest is not running");
    return this.#emulator.port;
  }

  async start(options: StartOptions = {}): Promise<void> {
    if (this.#state === "starting" || this.#state === "running") throw conflict("the machine is already running");
    this.#state = "starting";
    this.#turn += 1;
    const turn = this.#turn;
    const go = (): void => {
      options.signal?.throwIfAborted();
      if (turn !== this.#turn) throw unavailable("the machine was stopped while it started");
    };
    let emulator: Emulator | undefined;
    try {
      go();
      emulator = await this.#load(options, go);
      go();
      this.#emulator = emulator;
      this.#state = "running";
      emulator.run();
    } catch (error) {
      emulator?.kill();
      if (turn === this.#turn) this.#state = "off";
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#turn += 1;
    this.#emulator?.kill();
    this.#emulator = undefined;
    this.#state = "off";
  }

  onExit(listener: (exit: MachineExit) => void): Disposable {
    return listen(this.#exitListeners, listener);
  }

  onConsole(listener: (text: string) => void): Disposable {
    return listen(this.#consoleListeners, listener);
  }

  async #load(options: StartOptions, go: () => void): Promise<Emulator> {
    this.#wasm ??= this.#components.wasm().catch((error: unknown) => {
      this.#wasm = undefined;
      throw error;
    });
    const [wasm, state] = await Promise.all([this.#wasm, this.#components.snapshot(options)]);
    go();
    options.onProgress?.({ what: "Starting the machine" });
    const emulator = await Emulator.load(
      {
        wasm,
        files: new NinepServer(this.#files.root),
        onConsole: (text) => {
          for (const listener of [...this.#consoleListeners]) listener(text);
        },
        onDeath: (reason) => this.#died(reason),
      },
      this.memory,
    );
    try {
      emulator.restore(state);
      return emulator;
    } catch (error) {
      emulator.kill();
      throw error;
    }
  }

  #died(reason: string): void {
    this.#turn += 1;
    this.#emulator = undefined;
    this.#state = "dead";
    // Not from inside an instruction of the emulator, which is still on the stack.
    queueMicrotask(() => {
      for (const listener of [...this.#exitListeners]) listener({ reason });
    });
  }
}

function listen<T>(listeners: Set<(value: T) => void>, listener: (value: T) => void): Disposable {
  // A wrapper of its own: the same function may listen twice.
  const each = (value: T): void => listener(value);
  listeners.add(each);
  return { dispose: () => void listeners.delete(each) };
}
