import { expect, test } from "vitest";
import { createdState } from "./record.ts";
import { humanDuration, statusText } from "./status-text.ts";

test("humanDuration() says what go-units says", () => {
  const second = 1000;
  const minute = 60 * second;
  const hour = 60 * minute;
  const day = 24 * hour;
  const said = [
    [0, "Less than a second"],
    [second, "1 second"],
    [59 * second, "59 seconds"],
    [minute, "About a minute"],
    [2 * minute, "2 minutes"],
    [59 * minute, "59 minutes"],
    [hour, "About an hour"],
    [1.6 * hour, "2 hours"],
    [47 * hour, "47 hours"],
    [2 * day, "2 days"],
    [13 * day, "13 days"],
    [14 * day, "2 weeks"],
    [60 * day, "2 months"],
    [2 * 365 * day, "2 years"],
  ] as const;
  for (const [duration, words] of said) expect(humanDuration(duration)).toBe(words);
});

test("statusText() names each state", () => {
  const now = new Date("2026-01-01T00:01:00Z");
  const at = "2026-01-01T00:00:57Z";
  const ran = { ...createdState, startedAt: at, finishedAt: at };
  const say = (state: typeof ran, removing = false) => statusText(state, { removing, health: undefined, now });
  expect(say({ ...createdState })).toBe("Created");
  expect(say({ ...ran, status: "running" })).toBe("Up 3 seconds");
  expect(say({ ...ran, status: "paused" })).toBe("Up 3 seconds (Paused)");
  expect(say({ ...ran, status: "exited", exitCode: 137 })).toBe("Exited (137) 3 seconds ago");
  expect(say({ ...ran, status: "restarting", exitCode: 1 })).toBe("Restarting (1) 3 seconds ago");
  expect(say({ ...ran, status: "exited" }, true)).toBe("Removal In Progress");
  const health = { Status: "starting", FailingStreak: 0, Log: [] } as const;
  expect(statusText({ ...ran, status: "running" }, { removing: false, health, now })).toBe(
    "Up 3 seconds (health: starting)",
  );
});
