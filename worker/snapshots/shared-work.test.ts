import { expect, test } from "vitest";
import { SharedWork } from "./shared-work.ts";

test("the last caller to give up waits until the work has ended", async () => {
  const work = new SharedWork<string, void>();
  const log: string[] = [];
  let finish = () => {};
  const run = (signal: AbortSignal, name: string) =>
    work
      .run("key", signal, undefined, () =>
        new Promise<void>((resolve) => (finish = resolve)).then(() => void log.push("committed")),
      )
      .catch(() => void log.push(name));
  const first = new AbortController();
  const last = new AbortController();
  const left = run(first.signal, "first left");
  const leaving = run(last.signal, "last left");
  await new Promise((resolve) => setTimeout(resolve));
  first.abort();
  await left;
  last.abort();
  await new Promise((resolve) => setTimeout(resolve));
  expect(log).toEqual(["first left"]);
  finish();
  await leaving;
  expect(log).toEqual(["first left", "committed", "last left"]);
});

test("a failure of work that nobody wants any more is nobody's", async () => {
  const work = new SharedWork<string, void>();
  const stop = new AbortController();
  const running = work.run("key", stop.signal, undefined, async (signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    throw new Error("of the work");
  });
  stop.abort(new Error("of the caller"));
  await expect(running).rejects.toThrow("of the caller");
});
