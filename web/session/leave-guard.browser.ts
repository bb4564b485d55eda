import type { EngineApi } from "../../worker/api/engine-api.ts";

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
    const filters = encodeURIComponent(JSON.stringify({ type: ["container"], event: ["start", "die"] }));
    const url = `http://docker/events?filters=${filters}`;
    const response = await this.#engine.fetch(new Request(url, { signal: this.#stop.signal }));
    if (!response.ok || !response.body) {
      console.warn(`Leaving the page asks nothing: the engine's events answer ${response.status}`);
      return;
    }
    let rest = "";
    const text = response.body.pipeThrough(new TextDecoderStream());
    for await (const chunk of text) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim()) this.#note(JSON.parse(line));
    }
  }

  #note(event: { Action?: string; Actor?: { ID?: string } }): void {
    const id = event.Actor?.ID;
    if (!id) return;
    if (event.Action === "start") this.#running.add(id);
    if (event.Action === "die") this.#running.delete(id);
  }
}
