import { expect, it } from "vitest";
import { IdleWatch } from "./idle.ts";

/** Time passes only while somebody sleeps; `at` is called with the minutes that passed. */
function fakeClock(at: (minutes: number) => void) {
  let now = 0;
  return {
    now: () => new Date(now),
    sleep: async (milliseconds: number) => {
      now += milliseconds;
      at(now / 60_000);
    },
  };
}

it("an engine that nobody uses is idle after the time given", async () => {
  const clock = fakeClock(() => undefined);
  await new IdleWatch({ clock, after: 5 * 60_000, busy: async () => false }).idle();
  expect(clock.now().getTime()).toBe(5 * 60_000);
});

it("containers, connections and requests put it off", async () => {
  let minutes = 0;
  const clock = fakeClock((passed) => {
    minutes = passed;
    if (passed === 9) watch.touch();
  });
  const watch = new IdleWatch({ clock, after: 5 * 60_000, busy: async () => minutes < 7 });
  await watch.idle();
  expect(minutes).toBe(14);
});

it("a request that comes while it looks for containers counts", async () => {
  const clock = fakeClock(() => undefined);
  let looks = 0;
  const watch = new IdleWatch({
    clock,
    after: 60_000,
    busy: async () => {
      looks += 1;
      if (looks === 7) watch.touch();
      return false;
    },
  });
  await watch.idle();
  expect(clock.now().getTime()).toBe(120_000);
});
