import type { StartProgress } from "../vm/machine.ts";

/**
 * The engine worker's life cycle, called through Comlink. Everything else goes over the two doors: `connectEngine` (the
 * Engine API) and `connectHost` (HostSession), each over a MessagePort of its own.
 */
export interface EngineWorker {
  /** Boots the machine and the engine. Rejects with a sentence for the user. */
  start(options: EngineWorkerOptions, onProgress: (progress: StartProgress) => void): Promise<void>;
  connectEngine(port: MessagePort): Promise<void>;
  connectHost(port: MessagePort): Promise<void>;
  /** The listener is called when the guest dies; what wants a guest next boots another. */
  onGuestGone(listener: (reason: string) => void): Promise<void>;
  /** Called with true when the guest runs but has not answered for long, and with false when it answers again. */
  onGuestSilence(listener: (silent: boolean) => void): Promise<void>;
  stop(): Promise<void>;
}

export interface EngineWorkerOptions {
  /** Absolute URL of the folder that holds guest.json and its artefacts, with a trailing slash. */
  readonly guest: string;
  /** Absolute URL of the bundled registry's OCI layout, with a trailing slash. */
  readonly bundledRegistry: string;
  /** Absolute URL of the registry proxy, with a trailing slash; absent where the host offers none. */
  readonly registryProxy?: string;
  /** `memory` where the context is not secure or the browser gives no storage: nothing outlives the page. */
  readonly storage: "indexeddb" | "memory";
}
