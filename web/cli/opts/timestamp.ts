import { parseDuration } from "../../../worker/internal/units/duration.ts";

/**
 * The value of `--since` and `--until` as the API takes it, seconds since the epoch with nine decimals: from a span before
 * now ("42m"), a date or time (in UTC unless it names a zone), or seconds already.
 * @throws Error when the text is none of these
 */
export function timestamp(text: string, now: number): string {
  // Of spans, nought is none: it is the epoch.
  if (text === "" || text === "0") return text;
  try {
    return String(Math.trunc((now * 1e6 - parseDuration(text)) / 1e9));
  } catch {
    // Not a span.
  }
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(\.\d{1,9})?)?)?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
  if (match) {
    const [, date = "", hour = "00", minute = "00", second = "00", fraction = "", zone = "Z"] = match;
    const seconds = Date.parse(`${date}T${hour}:${minute}:${second}${zone}`) / 1000;
    return `${seconds}.${fraction.slice(1).padEnd(9, "0")}`;
  }
  if (/^-?\d+(\.\d+)?$/.test(text)) return text;
  throw new Error(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
}
