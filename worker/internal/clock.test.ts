import { afterEach, expect, test, vi } from "vitest";
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
});
