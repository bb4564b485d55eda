import type { EngineApi } from "../../worker/api/engine-api.ts";
import { jsonValues } from "../cli/stream/bytes.ts";

/** What the page looks at of an event (API operation SystemEvents). */
export interface EngineEvent {
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string };
}

/** The engine's events from now on, until the engine ends or `signal` does: then it throws. */
export async function* engineEvents(
  engine: EngineApi,
  filters: Readonly<Record<string, readonly string[]>>,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent> {
  const url = `http://docker/events?filters=${encodeURIComponent(JSON.stringify(filters))}`;
  const response = await engine.fetch(new Request(url, { signal }));
  if (!response.ok || !response.body) {
    console.warn(`The page hears nothing of what the engine does: its events answer ${response.status}`);
    return;
  }
  yield* jsonValues<EngineEvent>(response.body);
}
