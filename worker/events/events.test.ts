import { expect, test } from "vitest";
import { systemClock } from "../internal/clock.ts";
import { Events } from "./events.ts";

const filters = (entries: Record<string, string[]> = {}) => new Map(Object.entries(entries));

async function take<T>(stream: ReadableStream<T>, count: number): Promise<T[]> {
  const reader = stream.getReader();
  const taken: T[] = [];
  while (taken.length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    taken.push(value);
  }
  await reader.cancel();
  return taken;
}

test("subscribe() answers what is published afterwards, and only what the filters want", async () => {
  const events = new Events({ clock: systemClock() });
  events.publish("container", "create", "c1", {});
  const stream = events.subscribe({ filters: filters({ type: ["container"], event: ["start", "exec_start"] }) });
  events.publish("image", "pull", "busybox", { name: "busybox" });
  events.publish("container", "start", "c1", { name: "web" });
  events.publish("container", "exec_start: sh -c true", "c1", {});
  expect((await take(stream, 2)).map((event) => event.Action)).toEqual(["start", "exec_start: sh -c true"]);
});

test("subscribe() replays from `since`, and ends where `until` is past", async () => {
  const clock = systemClock();
  const events = new Events({ clock });
  events.publish("container", "create", "c1", { image: "busybox:latest" });
  const since = clock.nanos();
  events.publish("container", "start", "c1", { image: "busybox:latest" });
  events.publish("container", "start", "c2", { image: "debian" });
  const stream = events.subscribe({ since, until: clock.nanos(), filters: filters({ image: ["busybox"] }) });
  expect((await take(stream, 9)).map((event) => event.Actor.ID)).toEqual(["c1"]);
});

test("subscribe() tells of the past when it is told an end", async () => {
  const clock = systemClock();
  const events = new Events({ clock });
  events.publish("volume", "create", "v1", {});
  expect(await take(events.subscribe({ until: clock.nanos(), filters: filters() }), 9)).toHaveLength(1);
  expect(await take(events.subscribe({ since: 0n, until: 0n, filters: filters() }), 9)).toHaveLength(1);
  const live = events.subscribe({ filters: filters() });
  expect(events.listeners).toBe(1);
  await live.cancel();
  expect(events.listeners).toBe(0);
});

test("publish() forgets the oldest of more than 256", async () => {
  const clock = systemClock();
  const events = new Events({ clock });
  for (let number = 0; number < 300; number++) events.publish("volume", "create", String(number), {});
  const replayed = await take(events.subscribe({ since: 0n, until: clock.nanos(), filters: filters() }), 1000);
  expect([replayed.length, replayed[0]?.Actor.ID]).toEqual([256, "44"]);
});

test("subscribe() takes the beginning of an ID or a name for any object, and of an action that says more", async () => {
  const clock = systemClock();
  const events = new Events({ clock });
  events.publish("volume", "create", "web-data", {});
  events.publish("container", "create", "c1", { name: "web" });
  events.publish("container", "exec_create: true ", "c1", { name: "web" });
  events.publish("container", "create", "c2", { name: "db" });
  const found = async (entries: Record<string, string[]>) => {
    const replayed = await take(events.subscribe({ until: clock.nanos(), filters: filters(entries) }), 9);
    return replayed.map(({ Action, Actor }) => `${Actor.ID} ${Action}`);
  };
  expect(await found({ container: ["web"] })).toEqual(["web-data create", "c1 create", "c1 exec_create: true "]);
  expect(await found({ event: ["exec_create", "crea"], container: ["c"] })).toEqual([
    "c1 create",
    "c1 exec_create: true ",
    "c2 create",
  ]);
  expect(await found({ event: ["crea"] })).toEqual([]);
});
