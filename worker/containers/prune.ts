import { invalidParameter } from "../errdefs/errors.ts";
import { type Clock, parseTimestamp } from "../internal/clock.ts";
import { type FilterValues, matchesLabels } from "../internal/filters.ts";
import type { Container } from "./container.ts";

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Whether `docker container prune` takes it: stopped, with the labels, and made before `until`. */
export function prunable(container: Container, filters: FilterValues, clock: Clock): boolean {
  if (container.isRunning) return false;
  const labels = container.record.config.Labels ?? {};
  const until = filters.get("until")?.map((value) => untilTime(value, clock)) ?? [];
  const unwanted = filters.get("label!") ?? [];
  return (
    matchesLabels(labels, filters.get("label")) &&
    (unwanted.length === 0 || !matchesLabels(labels, unwanted)) &&
    until.every((time) => Date.parse(container.record.created) < time)
  );
}

/** Milliseconds since the epoch: a time, or a duration such as `1h30m` before now. */
function untilTime(value: string, clock: Clock): number {
  if (/^(?:\d+[smh])+$/.test(value)) {
    const seconds = [...value.matchAll(/(\d+)([smh])/g)].reduce(
      (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? "s"] ?? 1),
      0,
    );
    return clock.now().getTime() - seconds * 1000;
  }
  try {
    return Number((parseTimestamp(value) ?? 0n) / 1_000_000n);
  } catch {
    throw invalidParameter(`invalid filter 'until=${value}'`);
  }
}
