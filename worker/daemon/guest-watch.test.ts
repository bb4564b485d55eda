import { expect, test } from "vitest";
import { watchGuest } from "./guest-watch.ts";

/**
 * What is told of a guest whose agent leaves each of its pings unanswered for so many sleeps of the watch, and which is gone
 * after the last.
 */
async function told(...delays: readonly number[]): Promise<readonly boolean[]> {
  const news: boolean[] = [];
  const left = [...delays];
  const waiting: { sleeps: number; readonly answer: () => void }[] = [];
  let gone = () => {};
  const guest = {
    ping: () => {
      const sleeps = left.shift();
      if (sleeps === undefined) gone();
      return new Promise<void>((answer) => waiting.push({ sleeps: sleeps ?? 0, answer }));
    },
    onGone: (listener: (reason: string) => void) => {
      gone = () => listener("over");
      return { dispose: () => undefined };
    },
  };
  const sleep = async (_: number, signal?: AbortSignal) => {
    signal?.throwIfAborted();
    for (const ping of waiting) {
      if (ping.sleeps === 0) ping.answer();
      ping.sleeps -= 1;
    }
  };
  await watchGuest(guest, { clock: { sleep }, onSilence: (silent) => void news.push(silent) });
  return news;
}

test("watchGuest() says nothing while the guest answers, be it late", async () => {
  expect(await told(0, 5, 0, 25, 25, 0)).toEqual([]);
});

test("watchGuest() tells once that the guest is silent, and when it answers again", async () => {
  expect(await told(0, 90, 0, 0)).toEqual([true, false]);
  expect(await told(90, 0, 90)).toEqual([true, false, true, false]);
});

test("watchGuest() ends with a guest that never answered", async () => {
  const gone = new AbortController();
  const news: boolean[] = [];
  let sleeps = 0;
  const guest = {
    ping: () =>
      new Promise<void>((_, reject) => gone.signal.addEventListener("abort", () => reject(new Error("gone")))),
    onGone: (listener: (reason: string) => void) => {
      gone.signal.addEventListener("abort", () => listener("gone"));
      return { dispose: () => undefined };
    },
  };
  const sleep = async (_: number, signal?: AbortSignal) => {
    sleeps += 1;
    if (sleeps === 50) gone.abort();
    signal?.throwIfAborted();
  };
  await watchGuest(guest, { clock: { sleep }, onSilence: (silent) => void news.push(silent) });
  expect(news).toEqual([true]);
});
