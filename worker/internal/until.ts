import { invalidParameter } from "../errdefs/errors.ts";
import { parseTimestamp } from "./clock.ts";

const milliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const number = "(?:\\d+\\.?\\d*|\\.\\d+)";
const unit = "(?:ns|us|µs|ms|s|m|h)";
const duration = new RegExp(`^([-+]?)((?:${number}${unit})+)$`);
/** A day, or a time of it as exact as one likes; in UTC where no zone is named. */
const date = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2}))?)?)?(Z|[+-]\d{2}:\d{2})?$/;

/**
 * The value of an `until` filter in milliseconds since the epoch: a time as Docker takes it (RFC 3339 or a part of it, seconds
 * since the epoch), or a duration of Go's (`1h30m`) before `now`. Throws `InvalidParameter` in Docker's words.
 */
export function untilTime(value: string, now: Date): number {
  const [, sign, parts] = duration.exec(value) ?? [];
  if (parts !== undefined) {
    const pieces = [...parts.matchAll(new RegExp(`(${number})(${unit})`, "g"))];
    const length = pieces.reduce((sum, [, count, of]) => sum + Number(count) * (milliseconds[of ?? ""] ?? 0), 0);
    return now.getTime() - (sign === "-" ? -length : length);
  }
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
