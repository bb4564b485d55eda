import * as Comlink from "comlink";
import type { EngineApi } from "../../worker/api/engine-api.ts";
import type { HostSession } from "../../worker/host/host-session.ts";
import type { EngineWorker, EngineWorkerOptions } from "../../worker/port/life-cycle.ts";
import { acquireEngineLock, type EngineLock, locksAvailable, takeOverEngineLock } from "./engine-lock.browser.ts";
import type { Phase } from "./phase.ts";

/** What the session needs that main.tsx chooses. */
export interface SessionComponents {
  readonly options: Omit<EngineWorkerOptions, "storage">;
  spawnWorker(): Worker;
  connectEngine(port: MessagePort): EngineApi;
  connectHost(port: MessagePort): HostSession;
  /** Answers the `docker` invocations of the host's shells. */
  serve(host: HostSession, engine: EngineApi): void;
}

/** The engine is running, and these are its doors. */
export interface Connected {
  readonly engine: EngineApi;
  readonly host: HostSession;
}

/** One tab's hold on the engine: the lock, the worker, and the phase that the page shows. */
export class Session {
  readonly #components: SessionComponents;
  readonly #onPhase: (phase: Phase) => void;
  readonly #onConnected: (connected: Connected) => void;
  #lock: EngineLock | undefined;
  #thread: Worker | undefined;

  constructor(
    components: SessionComponents,
    listeners: { readonly onPhase: (phase: Phase) => void; readonly onConnected: (connected: Connected) => void },
  ) {
    this.#components = components;
    this.#onPhase = listeners.onPhase;
    this.#onConnected = listeners.onConnected;
  }

  /** Boots here unless another tab runs the engine. */
  async start(): Promise<void> {
    if (locksAvailable() && !this.#lock) {
      this.#lock = await acquireEngineLock(this.#lockListeners);
      if (!this.#lock) return this.#onPhase({ kind: "elsewhere" });
    }
    await this.#boot();
  }

  /** Ends the other tab's engine and boots here. */
  async takeOver(): Promise<void> {
    this.#onPhase({ kind: "starting", what: "Waiting for the other tab to stop" });
    this.#lock = await takeOverEngineLock(this.#lockListeners);
    await this.#boot();
  }

  readonly #lockListeners = {
    onAsked: () => void this.#moveAway(),
    onLost: () => void this.#moveAway(),
  };

  async #boot(): Promise<void> {
    try {
      const storage = await chooseStorage();
      const thread = this.#components.spawnWorker();
      this.#thread?.terminate();
      this.#thread = thread;
      const engineWorker = Comlink.wrap<EngineWorker>(thread);
      await engineWorker.onGuestGone(Comlink.proxy((reason) => this.#onPhase({ kind: "guest-gone", reason })));
      const onProgress = Comlink.proxy((p: object & { what: string }) => this.#onPhase({ kind: "starting", ...p }));
      await engineWorker.start({ ...this.#components.options, storage }, onProgress);
      const connected = await this.#connect(engineWorker);
      this.#components.serve(connected.host, connected.engine);
      this.#onPhase({ kind: "running", storage });
      this.#onConnected(connected);
    } catch (error) {
      this.#onPhase({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  }

  async #connect(engineWorker: Comlink.Remote<EngineWorker>): Promise<Connected> {
    const engine = new MessageChannel();
    const host = new MessageChannel();
    await engineWorker.connectEngine(Comlink.transfer(engine.port2, [engine.port2]));
    await engineWorker.connectHost(Comlink.transfer(host.port2, [host.port2]));
    return {
      engine: this.#components.connectEngine(engine.port1),
      host: this.#components.connectHost(host.port1),
    };
  }

  async #moveAway(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread) {
      const stopped = Comlink.wrap<EngineWorker>(thread).stop();
      await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 3000))]).catch(() => undefined);
      thread.terminate();
    }
    this.#lock?.release();
    this.#lock = undefined;
    this.#onPhase({ kind: "moved" });
  }
}

/** IndexedDB where it is there and works; private windows of some browsers have it and refuse to open it. */
async function chooseStorage(): Promise<"indexeddb" | "memory"> {
  if (!isSecureContext || typeof indexedDB === "undefined") return "memory";
  return new Promise((resolve) => {
    const probe = indexedDB.open("wherry-probe");
    probe.onsuccess = () => {
      probe.result.close();
      resolve("indexeddb");
    };
    probe.onerror = () => resolve("memory");
  });
}
