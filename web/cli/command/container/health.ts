import { parseDuration } from "../../../../worker/internal/units/duration.ts";
import type { ParsedFlags } from "../../flags/parse.ts";

const settings = [
  ["health-interval", "Interval"],
  ["health-timeout", "Timeout"],
  ["health-start-period", "StartPeriod"],
  ["health-start-interval", "StartInterval"],
] as const;

/** The Healthcheck of the `--health-*` flags; nothing when the image's own is to stand. Times are nanoseconds. */
export function healthcheck(flags: ParsedFlags): Record<string, unknown> | undefined {
  const command = flags.string("health-cmd");
  const retries = flags.int("health-retries");
  const times = settings.map(([flag, field]) => [flag, field, parseDuration(flags.string(flag) || "0")] as const);
  const isSet = command !== "" || retries !== 0 || times.some(([, , time]) => time !== 0);
  if (flags.bool("no-healthcheck")) {
    if (isSet) throw new Error("--no-healthcheck conflicts with --health-* options");
    return { Test: ["NONE"] };
  }
  if (!isSet) return undefined;
  const negative = times.find(([, , time]) => time < 0)?.[0] ?? (retries < 0 ? "health-retries" : undefined);
  if (negative) throw new Error(`--${negative} cannot be negative`);
  return {
    ...(command !== "" && { Test: ["CMD-SHELL", command] }),
    ...Object.fromEntries(times.filter(([, , time]) => time !== 0).map(([, field, time]) => [field, time])),
    ...(retries !== 0 && { Retries: retries }),
  };
}
