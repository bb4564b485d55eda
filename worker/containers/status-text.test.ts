import { expect, test } from "vitest";
import { createdState } from "./record.ts";
import { statusText } from "./status-text.ts";

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
