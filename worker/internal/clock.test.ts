import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "./clock.ts";

afterEach(() => vi.restoreAllMocks());

test("nanos() never answers the same value twice", () => {
  const clock = systemClock();
  const values = Array.from({ length: 1000 }, () => clock.nanos());
  expect(values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0n))).toBe(true);
});

test("nanos() follows the wall clock when the machine has slept or its time was corrected", () => {
  const clock = systemClock();
  const wall = Date.now();
  const hour = 3_600_000;
  vi.spyOn(Date, "now").mockReturnValue(wall + hour);
  const ahead = Number(clock.nanos() / 1_000_000n) - wall;
  expect(Math.abs(ahead - hour)).toBeLessThanOrEqual(2);
  vi.spyOn(Date, "now").mockReturnValue(wall - hour);
  const behind = Number(clock.nanos() / 1_000_000n) - wall;
  expect(Math.abs(behind + hour)).toBeLessThanOrEqual(2);
});

test("sleep() takes as long as it was told, months too", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const day = 86_400_000;
  const { sleep } = systemClock();
  let awake = false;
  const slept = sleep(60 * day).then(() => {
    awake = true;
  });
  const given = new AbortController();
  const up = sleep(60 * day, given.signal);
  await vi.advanceTimersByTimeAsync(59 * day);
  expect(awake).toBe(false);
  given.abort(new Error("given up"));
  await expect(up).rejects.toThrow("given up");
  await vi.advanceTimersByTimeAsync(2 * day);
  await slept;
});
