import { expect, test } from "vitest";
import { keepTime } from "./guest-time.ts";

/** A machine whose clocks the test moves, and a guest that is gone when `steps` are used up. */
async function told(steps: readonly { readonly wall: number; readonly counter: number }[]): Promise<readonly number[]> {
  const times: number[] = [];
  const left = [...steps];
  let [wall, counter] = [1_000_000, 5];
  let gone = () => {};
  const guest = {
    setTime: async (now: Date) => void times.push(now.getTime()),
    onGone: (listener: (reason: string) => void) => {
      gone = () => listener("over");
      return { dispose: () => undefined };
    },
  };
  const clock = {
    now: () => new Date(wall),
    sleep: async (_: number, signal?: AbortSignal) => {
      const step = left.shift();
      if (!step) gone();
      signal?.throwIfAborted();
      wall += step?.wall ?? 0;
      counter += step?.counter ?? 0;
    },
  };
  await keepTime(guest, { clock, counter: () => counter });
  return times;
}

test("keepTime() says nothing while the clocks agree", async () => {
  expect(await told(Array(5).fill({ wall: 10_000, counter: 10_001 }))).toEqual([]);
});

test("keepTime() tells the time once after the machine slept, and when its clock was set back", async () => {
  const usual = { wall: 10_000, counter: 10_000 };
  const slept = { wall: 3_610_000, counter: 10_000 };
  const setBack = { wall: 5_000, counter: 10_000 };
  expect(await told([usual, slept, usual, setBack, usual])).toEqual([4_620_000, 4_635_000]);
});

test("keepTime() tells the time when small differences have added up", async () => {
  expect(await told(Array(4).fill({ wall: 10_200, counter: 10_000 }))).toEqual([1_030_600]);
});
