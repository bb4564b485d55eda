import { describe, expect, it } from "vitest";
import { timestamp } from "./timestamp.ts";

describe("timestamp()", () => {
  const now = Date.UTC(2026, 0, 2);

  it.each([
    ["10m", String(now / 1000 - 600)],
    ["0", "0"],
    ["0s", String(now / 1000)],
    ["1700000000.5", "1700000000.5"],
    ["2026-01-01", "1767225600.000000000"],
    ["2026-01-01Z", "1767225600.000000000"],
    ["2026-01-01T01:02:03.5+01:00", "1767225723.500000000"],
  ])("takes %s", (text, expected) => {
    expect(timestamp(text, now)).toBe(expected);
  });

  it("refuses what is neither", () => {
    expect(() => timestamp("bad", now)).toThrow('failed to parse value as time or duration: "bad"');
  });
});
