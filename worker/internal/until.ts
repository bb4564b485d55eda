import type { Filters } from "../api/types/common.ts";
import { invalidParameter } from "../errdefs/errors.ts";
import { parseTimestamp } from "./clock.ts";
import { parseDuration } from "./units/duration.ts";

/** A day, or a time of it as exact as one likes; in UTC where no zone is named. */
const date = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2}))?)?)?(Z|[+-]\d{2}:\d{2})?$/;

/**
 * The value of an `until` filter in milliseconds since the epoch: a time as Docker takes it (RFC 3339 or a part of it, seconds
 * since the epoch), or a duration of Go's (`1h30m`) before `now`. Throws `InvalidParameter` in Docker's words.
 */
export function untilTime(value: string, now: Date): number {
  const length = durationOf(value);
  if (length !== undefined) return now.getTime() - length / 1e6;
  const [, day, hour = "00", minute = "00", second = "00", zone = "Z"] = date.exec(value) ?? [];
  const time = day === undefined ? undefined : Date.parse(`${day}T${hour}:${minute}:${second}${zone}`);
  if (time !== undefined && !Number.isNaN(time)) return time;
  try {
    if (value !== "") return Number((parseTimestamp(value) ?? 0n) / 1_000_000n);
  } catch {
    // Told below.
  }
  throw invalidParameter(`failed to parse value as time or duration: ${JSON.stringify(value)}`);
}

/** The `until` filter of a prune, which has one value; undefined where it is not asked for. */
export function pruneUntil(filters: Filters, now: Date): number | undefined {
  const [value, ...more] = filters.get("until") ?? [];
  if (more.length > 0) throw invalidParameter("more than one until filter specified");
  return value === undefined ? undefined : untilTime(value, now);
}

/** In nanoseconds. Nought is no duration, but the epoch. */
function durationOf(value: string): number | undefined {
  try {
    return value === "0" ? undefined : parseDuration(value);
  } catch {
    return undefined;
  }
}
