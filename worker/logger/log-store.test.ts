import { expect, test } from "vitest";
import { MemoryFiles } from "../content/memory.ts";
import { systemClock } from "../internal/clock.ts";
import { LogStore } from "./log-store.ts";

const settings = { capacity: 1 << 20, details: "" };
const names = async (files: MemoryFiles) => (await files.list("logs/")).map(({ name }) => name);

async function written(files: MemoryFiles, id: string): Promise<LogStore> {
  const store = new LogStore({ files, clock: systemClock() });
  const log = await store.open(id, settings);
  log.write("stdout", new TextEncoder().encode("one\ntwo\n"));
  return store;
}

test("save() keeps a log for the next engine; flush() waits for it", async () => {
  const files = new MemoryFiles();
  const store = await written(files, "a");
  void store.save("a");
  await store.flush();
  const next = await new LogStore({ files, clock: systemClock() }).open("a", settings);
  expect(next.entries.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(["one\n", "two\n"]);
});

test("remove() wins over a save() that is under way, at whatever step that is", async () => {
  for (let steps = 0; steps < 12; steps++) {
    const files = new MemoryFiles();
    const store = await written(files, "a");
    const saved = store.save("a");
    for (let step = 0; step < steps; step++) await Promise.resolve();
    await Promise.all([saved, store.remove("a")]);
    expect(await names(files)).toEqual([]);
  }
});

test("open() after remove() finds nothing of the former log", async () => {
  const files = new MemoryFiles();
  const store = await written(files, "a");
  await store.save("a");
  const removed = store.remove("a");
  expect((await store.open("a", settings)).entries).toEqual([]);
  await removed;
});

test("sweep() removes the logs of those that are not known", async () => {
  const files = new MemoryFiles();
  await (await written(files, "a")).save("a");
  await (await written(files, "b")).save("b");
  await new LogStore({ files, clock: systemClock() }).sweep(new Set(["b"]));
  expect(await names(files)).toEqual(["logs/b"]);
});
