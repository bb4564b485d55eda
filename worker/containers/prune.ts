import type { ContainersPruneReport } from "../api/types/container.ts";
import { invalidParameter, isEngineError } from "../errdefs/errors.ts";
import { type Clock, parseTimestamp } from "../internal/clock.ts";
import { checkFilterNames, type FilterValues, matchesLabels } from "../internal/filters.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

interface PruneParts {
  /** Of them all. */
  readonly containers: readonly Container[];
  readonly sizes: (container: Container) => Promise<{ readonly SizeRw: number }>;
  readonly remove: (container: Container) => Promise<void>;
}

/** `docker container prune`. One that cannot be removed, because it was started meanwhile for one, stays. */
export async function pruneContainers(
  { events, clock }: Pick<ContainersComponents, "events" | "clock">,
  { containers, sizes, remove }: PruneParts,
  filters: FilterValues,
): Promise<ContainersPruneReport> {
  checkFilterNames(filters, ["label", "label!", "until"]);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const container of containers.filter((candidate) => prunable(candidate, filters, clock))) {
    const { SizeRw } = await sizes(container);
    try {
      await remove(container);
    } catch (error) {
      if (isEngineError(error)) continue;
      throw error;
    }
    deleted.push(container.id);
    reclaimed += SizeRw;
  }
  events.publish("container", "prune", "", { reclaimed: String(reclaimed) });
  return { ContainersDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed };
}

/** Whether it is stopped, has the labels, and was made before `until`. */
function prunable(container: Container, filters: FilterValues, clock: Clock): boolean {
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
