import { expect, it } from "vitest";
import { progressMeter } from "./progress-meter.ts";

/** What is told of `steps`, each as milliseconds and bytes. */
function told(total: number, steps: readonly (readonly [number, number])[]): number[] {
  const seen: number[] = [];
  let time = 0;
  const meter = progressMeter(
    total,
    (current) => seen.push(current),
    () => time,
  );
  for (const [at, current] of steps) {
    time = at;
    meter(current);
  }
  return seen;
}

it("tells a step of more than one percent of a small layer", () => {
  const steps = [0, 1, 2, 3, 4, 5].map((each) => [each * 200, each * 700] as const);
  expect(told(100_000, steps)).toEqual([1400, 2800]);
});

it("tells a large layer in steps of half a mebibyte", () => {
  const steps = [1, 2, 3, 4, 5].map((each) => [each * 200, each * 300_000] as const);
  expect(told(1_000_000_000, steps)).toEqual([600_000, 1_200_000]);
});

it("tells one step within a tenth of a second, and the last", () => {
  expect(
    told(1000, [
      [0, 100],
      [50, 200],
      [99, 300],
      [100, 400],
      [110, 1000],
    ]),
  ).toEqual([100, 400, 1000]);
});

it("follows a transfer that begins anew", () => {
  expect(
    told(1000, [
      [0, 900],
      [200, 0],
      [400, 100],
    ]),
  ).toEqual([900, 100]);
});
