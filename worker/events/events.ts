import type { EventsOptions } from "../api/types/backend.ts";
import type { Filters } from "../api/types/common.ts";
import type { EventMessage, EventType } from "../api/types/events.ts";
import type { Clock } from "../internal/clock.ts";
import { matchesAny, matchesLabels } from "../internal/filters.ts";

/** Docker keeps as many for those who ask later. */
const historyLength = 256;
/** What one slow reader may have waiting before the newest is dropped. */
const queueLength = 1024;

export interface EventsComponents {
  readonly clock: Clock;
}

/** Tells clients what happens to the engine's objects. Publishing never waits for a reader. */
export class Events {
  readonly #clock: Clock;
  readonly #history: EventMessage[] = [];
  readonly #listeners = new Set<(message: EventMessage) => void>();

  constructor({ clock }: EventsComponents) {
    this.#clock = clock;
  }

  /** How many listen now. */
  get listeners(): number {
    return this.#listeners.size;
  }

  publish(type: EventType, action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    const timeNano = this.#clock.nanos();
    const time = Number(timeNano / 1_000_000_000n);
    const message: EventMessage = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: "local",
      time,
      timeNano,
    };
    this.#history.push(message);
    if (this.#history.length > historyLength) this.#history.shift();
    for (const listener of this.#listeners) listener(message);
  }

  /** Past events when `since` or `until` is given, then live ones until `until` or until the stream is cancelled. */
  subscribe(options: EventsOptions): ReadableStream<EventMessage> {
    const { since, until, filters } = options;
    const wanted = (message: EventMessage) =>
      (since === undefined || message.timeNano >= since) &&
      (until === undefined || until <= 0n || message.timeNano <= until) &&
      matches(message, filters);
    const past = since === undefined && until === undefined ? [] : this.#history.filter(wanted);
    const remaining = until === undefined ? undefined : Number((until - this.#clock.nanos()) / 1_000_000n);
    if (remaining !== undefined && remaining <= 0) return streamOf(past);
    const stop = new AbortController();
    return new ReadableStream<EventMessage>(
      {
        start: (controller) => {
          for (const message of past) controller.enqueue(message);
          const listener = (message: EventMessage) => {
            if (wanted(message) && (controller.desiredSize ?? 0) > 0) controller.enqueue(message);
          };
          this.#listeners.add(listener);
          stop.signal.addEventListener("abort", () => this.#listeners.delete(listener));
          if (remaining === undefined) return;
          this.#clock.sleep(remaining, stop.signal).then(
            () => {
              stop.abort();
              controller.close();
            },
            () => undefined,
          );
        },
        cancel: () => stop.abort(),
      },
      new CountQueuingStrategy({ highWaterMark: queueLength }),
    );
  }
}

function streamOf<T>(values: readonly T[]): ReadableStream<T> {
  return new ReadableStream({
    start(controller) {
      for (const value of values) controller.enqueue(value);
      controller.close();
    },
  });
}

const objectTypes = ["container", "daemon", "network", "node", "plugin", "volume", "secret", "config", "service"];
/** Actions that say more behind a colon. With one of them among the values, all of them are beginnings. */
const toldWithMore = ["health_status", "exec_create", "exec_start"];

/** An object's filter, `container=web`, takes the beginning of an ID or a name, of an object of another kind too, as Docker's. */
function matches(message: EventMessage, filters: Filters): boolean {
  const { ID, Attributes } = message.Actor;
  const any = (name: string, test: (value: string) => boolean) => matchesAny(filters, name, test);
  const byBeginning = filters.get("event")?.some((event) => toldWithMore.includes(event));
  return (
    any("type", (type) => type === message.Type) &&
    any("scope", (scope) => scope === message.scope) &&
    any("event", (event) => event === message.Action || (byBeginning === true && message.Action.startsWith(event))) &&
    matchesLabels(Attributes, filters.get("label")) &&
    any("image", (image) => matchesImage(message, image)) &&
    objectTypes.every((type) => any(type, (value) => ID.startsWith(value) || (Attributes.name ?? "").startsWith(value)))
  );
}

function matchesImage({ Type, Actor }: EventMessage, wanted: string): boolean {
  const names = Type === "image" ? [Actor.ID, Actor.Attributes.name] : [Actor.Attributes.image];
  return names.some((name) => name !== undefined && (name === wanted || withoutTag(name) === wanted));
}

function withoutTag(reference: string): string {
  const colon = reference.lastIndexOf(":");
  return colon > reference.lastIndexOf("/") ? reference.slice(0, colon) : reference;
}
