import * as Comlink from "comlink";
import type { EngineApi } from "../../worker/api/engine-api.ts";
import type { HostSession } from "../../worker/host/host-session.ts";
import { settlesWithin, sleep } from "../../worker/internal/clock.ts";
import { toldElsewhere } from "../../worker/internal/failures.ts";
import type { EngineWorker, EngineWorkerOptions } from "../../worker/port/life-cycle.ts";
import {
  acquireEngineLock,
  type EngineLock,
  engineLockHeld,
  locksAvailable,
  takeOverEngineLock,
} from "./engine-lock.browser.ts";
import type { Phase } from "./phase.ts";

/** What the session needs that main.tsx chooses. */
export interface SessionComponents {
  readonly options: Omit<EngineWorkerOptions, "storage">;
  spawnWorker(): Worker;
  connect(ports: EnginePorts): Promise<Connected>;
}

/** The engine's two doors, as worker/port serves them. */
export interface EnginePorts {
  readonly engine: MessagePort;
  readonly host: MessagePort;
}

/** The engine is running, and these are its doors. */
export interface Connected {
  readonly engine: EngineApi;
  readonly host: HostSession;
  /** Ends what is under way over them. */
  dispose(): void;
}

/** `connected` is there while the guest runs. */
export interface SessionState {
  readonly phase: Phase;
  readonly connected?: Connected;
}

/** How long an engine may take to stop before its worker is ended, in milliseconds. */
const patience = 3000;

/** Milliseconds between two looks at what became of the tab that runs the engine. */
const lookEvery = 2000;

/** After how many milliseconds the loading of the engine's script takes long. */
const loadingTime = 15_000;
const loadingLong = "Loading takes long. If it goes no further, reload the page.";

/** One tab's hold on the engine: the lock, the worker, and the phase that the page shows. */
export class Session {
  readonly #components: SessionComponents;
  readonly #listeners = new Set<(state: SessionState) => void>();
  #state: SessionState = { phase: { kind: "starting", what: "Starting" } };
  #lock: EngineLock | undefined;
  #thread: Worker | undefined;
  #connected: Connected | undefined;
  /** Ends the looks at what became of the tab that runs the engine. */
  #following = new AbortController();
  /** The end of the former worker: until then it may write to the storage, and whoever ends or boots waits for it. */
  #ending: Promise<void> = Promise.resolve();

  constructor(components: SessionComponents) {
    this.#components = components;
  }

  get state(): SessionState {
    return this.#state;
  }

  onChange(listener: (state: SessionState) => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** Boots here unless another tab runs the engine. */
  async start(): Promise<void> {
    await this.#reportingFailure(async () => {
      if (await locksAvailable()) {
        this.#lock ??= await acquireEngineLock(this.#lockListeners);
        if (!this.#lock) return this.#stepAside("elsewhere");
      }
      await this.#boot(this.#lock);
    });
  }

  /** The one thing to do about a phase that does not go on by itself. */
  async resume(): Promise<void> {
    const { kind } = this.#state.phase;
    this.#following.abort();
    this.#show({ phase: { kind: "starting", what: "Starting" } });
    if (kind === "elsewhere" || kind === "moved") await this.#takeOver();
    else await this.start();
  }

  /** Ends the other tab's engine and boots here. */
  async #takeOver(): Promise<void> {
    await this.#reportingFailure(async () => {
      this.#show({ phase: { kind: "starting", what: "Waiting for the other tab to stop" } });
      this.#lock = await takeOverEngineLock(this.#lockListeners);
      await this.#boot(this.#lock);
    });
  }

  readonly #lockListeners = {
    onAsked: () => void this.#moveAway(),
    onLost: () => void this.#moveAway(),
  };

  /** Boots unless the lock that this is done under goes to another tab first. */
  async #boot(lock: EngineLock | undefined): Promise<void> {
    await this.#end();
    if (lock !== this.#lock || this.#thread) return;
    if (typeof WebAssembly === "undefined")
      throw new Error("this browser has WebAssembly turned off, which it runs on");
    const thread = this.#components.spawnWorker();
    this.#thread = thread;
    // From the first moment on: what becomes of the script is told once.
    const broken = brokenScript(thread);
    toldElsewhere(broken);
    /** What a worker says that is no longer this session's is not listened to. */
    const show = (state: SessionState) => {
      if (thread === this.#thread) this.#show(state);
    };
    const storage = lock ? await chooseStorage() : "memory";
    if (thread !== this.#thread) return;
    const running: Phase = { kind: "running", storage, secure: isSecureContext };
    const worker = Comlink.wrap<EngineWorker>(thread);
    const engine = new MessageChannel();
    const host = new MessageChannel();
    let starting = true;
    // A script that a server stops to send makes no error.
    const slow = setTimeout(() => show({ phase: { kind: "starting", what: loadingLong } }), loadingTime);
    const start = async () => {
      await worker.onGuestSilence(
        Comlink.proxy((silent) => {
          const connected = this.#connected;
          if (connected) show({ phase: silent ? { kind: "guest-silent" } : running, connected });
        }),
      );
      clearTimeout(slow);
      await worker.onGuestGone(Comlink.proxy((reason) => show({ phase: { kind: "guest-gone", reason } })));
      await worker.start(
        { ...this.#components.options, storage },
        Comlink.proxy((progress) => {
          // What one part tells of its way when another has failed already.
          if (starting) show({ phase: { kind: "starting", ...progress } });
        }),
      );
      await worker.connectEngine(Comlink.transfer(engine.port2, [engine.port2]));
      await worker.connectHost(Comlink.transfer(host.port2, [host.port2]));
    };
    try {
      await Promise.race([start(), broken]);
    } catch (error) {
      // One that was ended on its way is no failure.
      if (thread !== this.#thread) return;
      throw error;
    } finally {
      starting = false;
      clearTimeout(slow);
    }
    const connected = await this.#components.connect({ engine: engine.port1, host: host.port1 });
    if (thread !== this.#thread) return connected.dispose();
    this.#connected = connected;
    show({ phase: running, connected });
  }

  /** A boot that is under way is given up: the lock that it has is no longer this session's. */
  async #moveAway(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    await this.#end();
    lock?.release();
    // The user may have asked for it back meanwhile.
    if (!this.#lock) this.#stepAside("moved");
  }

  /** Another tab has the engine. Says so for as long as that is true: it may be closed, or crash, and then any may have it. */
  #stepAside(kind: "elsewhere" | "moved"): void {
    this.#show({ phase: { kind } });
    this.#following = new AbortController();
    // It rejects when it is ended.
    this.#followOthers(this.#state, this.#following.signal).catch(() => undefined);
  }

  async #followOthers(shown: SessionState, signal: AbortSignal): Promise<void> {
    const free: SessionState = { phase: { kind: "free" } };
    for (let missed = 0; ; ) {
      await sleep(lookEvery, signal);
      missed = (await engineLockHeld()) ? 0 : missed + 1;
      signal.throwIfAborted();
      // A tab that is reloaded is without it for a moment.
      const now = missed > 1 ? free : shown;
      if (now !== this.#state && missed !== 1) this.#show(now);
    }
  }

  /** Lets the engine write down what it has to, and ends its worker. Waits too for an end that is under way. */
  #end(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    const connected = this.#connected;
    this.#connected = undefined;
    if (thread) this.#ending = this.#ending.then(() => endWorker(thread)).then(() => connected?.dispose());
    return this.#ending;
  }

  async #reportingFailure(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#show({ phase: { kind: "failed", message: error instanceof Error ? error.message : String(error) } });
    }
  }

  #show(state: SessionState): void {
    if (state.phase.kind !== this.#state.phase.kind) performance.mark(`wherry:${state.phase.kind}`);
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}

async function endWorker(thread: Worker): Promise<void> {
  const stopped = Comlink.wrap<EngineWorker>(thread).stop();
  await settlesWithin({ sleep }, stopped, patience);
  thread.terminate();
}

/** Rejects when the worker's script cannot be had or throws, of which Comlink hears nothing. */
function brokenScript(thread: Worker): Promise<never> {
  return new Promise((_resolve, reject) => {
    thread.addEventListener("error", ({ message }) =>
      reject(new Error(message || "the engine's script could not be loaded")),
    );
  });
}

/** IndexedDB where it is there and works; private windows of some browsers have it and refuse to open it. */
async function chooseStorage(): Promise<"indexeddb" | "memory"> {
  if (!isSecureContext || typeof indexedDB === "undefined") return "memory";
  return new Promise<"indexeddb" | "memory">((resolve) => {
    const probe = indexedDB.open("wherry-probe");
    probe.onsuccess = () => {
      probe.result.close();
      resolve("indexeddb");
    };
    probe.onerror = () => resolve("memory");
  }).catch(() => "memory");
}
