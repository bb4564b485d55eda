import type { EngineApi } from "../../worker/api/engine-api.ts";
import { type EngineEvent, engineEvents } from "./engine-events.ts";

const watched = { type: ["container"], event: ["start", "die"] };

/** Asks before the page is left while a container runs: closing the tab ends it. */
export class LeaveGuard {
  readonly #engine: EngineApi;
  readonly #running = new Set<string>();
  readonly #stop = new AbortController();

  constructor(engine: EngineApi) {
    this.#engine = engine;
  }

  start(): void {
    addEventListener("beforeunload", this.#onLeave, { signal: this.#stop.signal });
    // What ends the engine's events ends the engine, and its containers.
    this.#follow().catch(() => this.#running.clear());
  }

  stop(): void {
    this.#stop.abort();
    this.#running.clear();
  }

  readonly #onLeave = (event: BeforeUnloadEvent): void => {
    if (this.#running.size > 0) event.preventDefault();
  };

  async #follow(): Promise<void> {
    for await (const event of engineEvents(this.#engine, watched, this.#stop.signal)) this.#note(event);
  }

  #note(event: EngineEvent): void {
    const id = event.Actor?.ID;
    if (!id) return;
    if (event.Action === "start") this.#running.add(id);
    if (event.Action === "die") this.#running.delete(id);
  }
}
