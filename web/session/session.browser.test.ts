import * as Comlink from "comlink";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { EngineApi } from "../../worker/api/engine-api.ts";
import type { HostSession } from "../../worker/host/host-session.ts";
import type { EngineWorker } from "../../worker/port/life-cycle.ts";
import { Session } from "./session.browser.ts";

/** One lock, as a browser grants it to one tab after the other. */
class Locks {
  #held = false;
  readonly #waiting = new Set<() => void>();

  async request(_name: string, { signal }: LockOptions, hold: (lock: object) => Promise<void>) {
    if (this.#held) await this.#turn(signal);
    this.#held = true;
    await hold({});
    this.#held = false;
    const [next] = this.#waiting;
    next?.();
  }

  async query() {
    return { held: this.#held ? [{ name: "wherry-engine" }] : [] };
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const granted = () => {
        this.#waiting.delete(granted);
        resolve();
      };
      this.#waiting.add(granted);
      signal?.addEventListener("abort", () => {
        this.#waiting.delete(granted);
        reject(signal.reason);
      });
    });
  }
}

/** Engines that live in this thread and say when they start and end. Each stops when the test lets it. */
class Engines {
  readonly log: string[] = [];
  readonly stops: (() => void)[] = [];
  readonly reports: ((reason: string) => void)[] = [];
  readonly silences: ((silent: boolean) => void)[] = [];
  start: EngineWorker["start"] = async () => undefined;

  session(tab: string): Session {
    return new Session({
      options: { guest: "", bundledRegistry: "" },
      spawnWorker: () => this.#spawn(tab),
      connect: async ({ engine, host }) => ({
        engine: {} as EngineApi,
        host: {} as HostSession,
        dispose: () => {
          this.log.push(`${tab} disposed`);
          engine.close();
          host.close();
        },
      }),
    });
  }

  #spawn(tab: string): Worker {
    const { port1, port2 } = new MessageChannel();
    this.log.push(`${tab} spawned`);
    const worker: EngineWorker = {
      start: (options, onProgress) => this.start(options, onProgress),
      connectEngine: async (port) => port.close(),
      connectHost: async (port) => port.close(),
      onGuestGone: async (listener) => void this.reports.push(listener),
      onGuestSilence: async (listener) => void this.silences.push(listener),
      stop: () => new Promise((resolve) => this.stops.push(resolve)),
    };
    Comlink.expose(worker, port2);
    const terminate = () => {
      this.log.push(`${tab} terminated`);
      port1.close();
    };
    return Object.assign(port1, { terminate }) as unknown as Worker;
  }
}

let engines: Engines;
beforeEach(() => {
  engines = new Engines();
  vi.stubGlobal("navigator", { locks: new Locks() });
  vi.stubGlobal("isSecureContext", false);
});
afterEach(() => vi.unstubAllGlobals());

const stopping = (count: number) => expect.poll(() => engines.stops.length).toBe(count);
/** Lets messages between the tabs arrive. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 50));

test("a tab that is asked for the engine while it restarts its own lets go when that has ended, and boots no other", async () => {
  const [a, b] = [engines.session("A"), engines.session("B")];
  await a.start();
  await b.start();
  expect([a.state.phase.kind, b.state.phase.kind]).toEqual(["running", "elsewhere"]);
  const again = a.resume();
  await stopping(1);
  const taking = b.resume();
  await settle();
  expect(engines.log).toEqual(["A spawned"]);
  engines.stops[0]?.();
  await Promise.all([again, taking]);
  expect(engines.log).toEqual(["A spawned", "A terminated", "A disposed", "B spawned"]);
  expect([a.state.phase.kind, b.state.phase.kind]).toEqual(["moved", "running"]);
});

test("what is still on its way when a start has failed does not hide that", async () => {
  const session = engines.session("A");
  engines.start = async (_, onProgress) => {
    setTimeout(() => onProgress({ what: "Downloading the machine", done: 1, total: 2 }), 0);
    throw new Error("no emulator");
  };
  await session.start();
  await settle();
  expect(session.state.phase).toEqual({ kind: "failed", message: "no emulator" });
});

test("an engine whose script does not come is said to load for long", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { port1: silent } = new MessageChannel();
  onTestFinished(() => silent.close());
  const session = new Session({
    options: { guest: "", bundledRegistry: "" },
    spawnWorker: () => silent as unknown as Worker,
    connect: () => Promise.reject(new Error("nothing to connect to")),
  });
  void session.start();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(session.state.phase).toEqual({ kind: "starting", what: expect.stringMatching(/^Loading takes long/) });
});

test("an engine whose script cannot be had, at whatever moment that is told, is said to have failed", async () => {
  vi.stubGlobal("isSecureContext", true);
  const { port1 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const probe: { onerror?: () => void } = {};
  vi.stubGlobal("indexedDB", { open: () => probe });
  const session = new Session({
    options: { guest: "", bundledRegistry: "" },
    spawnWorker: () => port1 as unknown as Worker,
    connect: () => Promise.reject(new Error("nothing to connect to")),
  });
  const started = session.start();
  await expect.poll(() => probe.onerror).toBeDefined();
  port1.dispatchEvent(new Event("error"));
  probe.onerror?.();
  await started;
  expect(session.state.phase).toEqual({ kind: "failed", message: "the engine's script could not be loaded" });
});

test("a tab that waits says when no other has the engine any more, and when one has it again", async () => {
  const [a, b, c] = [engines.session("A"), engines.session("B"), engines.session("C")];
  const shows = (phase: string) => expect.poll(() => c.state.phase.kind).toBe(phase);
  const closed = new AbortController();
  void navigator.locks.request(
    "wherry-engine",
    {},
    () => new Promise((done) => closed.signal.addEventListener("abort", done)),
  );
  await Promise.all([b.start(), c.start()]);
  expect([b.state.phase.kind, c.state.phase.kind]).toEqual(["elsewhere", "elsewhere"]);
  closed.abort();
  await shows("free");
  await a.start();
  await shows("elsewhere");
  const taking = c.resume();
  await stopping(1);
  engines.stops[0]?.();
  await taking;
  expect([a.state.phase.kind, c.state.phase.kind]).toEqual(["moved", "running"]);
});

test("a tab that is asked twice lets go once its engine has ended", async () => {
  const [a, b, c] = [engines.session("A"), engines.session("B"), engines.session("C")];
  await a.start();
  await Promise.all([b.start(), c.start()]);
  const taking = b.resume();
  await stopping(1);
  const alsoTaking = c.resume();
  await settle();
  expect(engines.log).toEqual(["A spawned"]);
  engines.stops[0]?.();
  await taking;
  expect(engines.log.slice(0, 4)).toEqual(["A spawned", "A terminated", "A disposed", "B spawned"]);
  void alsoTaking;
});

test("a guest that is silent stays connected, until it answers or is booted again", async () => {
  const session = engines.session("A");
  await session.start();
  const { connected } = session.state;
  const shows = (kind: string) => expect.poll(() => session.state.phase.kind).toBe(kind);
  engines.silences[0]?.(true);
  await shows("guest-silent");
  expect(session.state.connected).toBe(connected);
  engines.silences[0]?.(false);
  await shows("running");
  expect(session.state.connected).toBe(connected);
  engines.silences[0]?.(true);
  await shows("guest-silent");
  const again = session.resume();
  await stopping(1);
  engines.stops[0]?.();
  await again;
  expect(engines.log).toEqual(["A spawned", "A terminated", "A disposed", "A spawned"]);
  expect(session.state.phase.kind).toBe("running");
});

test("where the browser keeps no data of sites the engine runs, and keeps nothing", async () => {
  const refused = () => Promise.reject(new DOMException("The request was denied.", "SecurityError"));
  vi.stubGlobal("navigator", { locks: { query: refused, request: refused } });
  vi.stubGlobal("isSecureContext", true);
  const session = engines.session("A");
  await session.start();
  expect(session.state.phase).toEqual({ kind: "running", storage: "memory", secure: true });
});

test("a storage that refuses to be opened is done without", async () => {
  vi.stubGlobal("isSecureContext", true);
  vi.stubGlobal("indexedDB", {
    open: () => {
      throw new DOMException("access is denied in this context", "SecurityError");
    },
  });
  const session = engines.session("A");
  await session.start();
  expect(session.state.phase).toEqual({ kind: "running", storage: "memory", secure: true });
});
