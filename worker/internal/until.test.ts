import { describe, expect, test } from "vitest";
import { untilTime } from "./until.ts";

describe("untilTime()", () => {
  const now = new Date("2026-01-02T12:00:00Z");
  test.each([
    ["1h30m", "2026-01-02T10:30:00Z"],
    ["1.5h", "2026-01-02T10:30:00Z"],
    ["-5m", "2026-01-02T12:05:00Z"],
    ["1h1h", "2026-01-02T10:00:00Z"],
    ["500ms", "2026-01-02T11:59:59.500Z"],
    ["2026-01-02", "2026-01-02T00:00:00Z"],
    ["2026-01-02T03:04", "2026-01-02T03:04:00Z"],
    ["2026-01-02T03:04:05.5+01:00", "2026-01-02T02:04:05.500Z"],
    ["1767323045", "2026-01-02T03:04:05Z"],
  ])("takes %s", (value, expected) => {
    expect(new Date(untilTime(value, now)).toISOString()).toBe(new Date(expected).toISOString());
  });

  test.each(["", "abc", "1d", "2026-13-01", "1h 1m"])("refuses %j in Docker's words", (value) => {
    expect(() => untilTime(value, now)).toThrow(`failed to parse value as time or duration: "${value}"`);
  });
});
