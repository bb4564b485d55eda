import type { GuestHost, RunningGuest } from "../containers/components.ts";
import { errorMessage, unavailable } from "../errdefs/errors.ts";
import type { Disposable } from "../internal/disposable.ts";
import { regardless } from "../internal/failures.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { AgentClient, hostFiles } from "../shim/agent-client.ts";
import type { Guest } from "../shim/guest.ts";
import type { Machine, StartProgress } from "../vm/machine.ts";

export interface MachineGuestComponents {
  readonly machine: Machine;
  readonly now: () => Date;
  /** The OCI runtime in a guest. */
  readonly runtime: (guest: Guest) => Runtime;
  /** Sets up what every guest needs before containers run in it. */
  readonly onBoot: (guest: Guest) => Promise<void>;
  readonly onProgress?: (progress: StartProgress) => void;
}

/** How long the agent may take to answer, in milliseconds: a guest that was restored answers in a few. */
const connectTimeout = 60_000;

/**
 * The guest of one machine. It is booted by the first `current()`, and again by the next one after it died: until then
 * `running` is undefined and everybody who asked with `onGone` has been told why.
 */
export class MachineGuest implements GuestHost {
  readonly #components: MachineGuestComponents;
  readonly #listeners = new Set<(reason: string) => void>();
  readonly #exit: Disposable;
  #boot: Promise<RunningGuest> | undefined;
  #client: AgentClient | undefined;
  #running: RunningGuest | undefined;
  #stopped = false;

  constructor(components: MachineGuestComponents) {
    this.#components = components;
    this.#exit = components.machine.onExit(({ reason }) => this.#client?.disconnect(reason));
  }

  get machine(): Machine {
    return this.#components.machine;
  }

  get running(): RunningGuest | undefined {
    return this.#running;
  }

  /** Rejects with `Unavailable` when the guest can't be booted. */
  current(): Promise<RunningGuest> {
    if (this.#running) return Promise.resolve(this.#running);
    if (this.#stopped) return Promise.reject(unavailable("the engine is stopping"));
    this.#boot ??= this.#start().finally(() => {
      this.#boot = undefined;
    });
    return this.#boot;
  }

  onGone(listener: (reason: string) => void): Disposable {
    const each = (reason: string): void => listener(reason);
    this.#listeners.add(each);
    return { dispose: () => void this.#listeners.delete(each) };
  }

  /** Ends the guest for good. Those who listen are not told: nothing was lost that the engine did not mean to end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#listeners.clear();
    this.#exit.dispose();
    // Twice: one that is being set up may never answer, and one that came of it meanwhile is not wanted.
    this.#client?.disconnect("the engine is stopping");
    await regardless(this.#boot);
    this.#client?.disconnect("the engine is stopping");
    await this.#components.machine.stop();
  }

  async #start(): Promise<RunningGuest> {
    const { machine, now, runtime, onBoot, onProgress } = this.#components;
    try {
      await machine.start(onProgress ? { onProgress } : {});
      const client = new AgentClient({ port: machine.port, now, files: hostFiles });
      this.#client = client;
      await client.connect(AbortSignal.timeout(connectTimeout));
      client.onGone((reason) => this.#gone(client, reason));
      await onBoot(client);
      const running: RunningGuest = { guest: client, runtime: runtime(client) };
      if (this.#client !== client) throw unavailable("the guest died while it was set up");
      this.#running = running;
      return running;
    } catch (error) {
      this.#client = undefined;
      await machine.stop();
      throw unavailable(`the guest cannot be started: ${errorMessage(error)}`, { cause: error });
    }
  }

  #gone(client: AgentClient, reason: string): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    const told = this.#running !== undefined;
    this.#running = undefined;
    // Where the agent broke its protocol the machine still runs: no one can talk to it any more.
    regardless(this.#components.machine.stop());
    if (told) for (const listener of [...this.#listeners]) listener(reason);
  }
}
