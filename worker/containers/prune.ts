import type { Filters } from "../api/types/common.ts";
import type { ContainersPruneReport } from "../api/types/container.ts";
import { isEngineError } from "../errdefs/errors.ts";
import type { Clock } from "../internal/clock.ts";
import { checkFilterNames, matchesLabels } from "../internal/filters.ts";
import { pruneUntil } from "../internal/until.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";

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
  filters: Filters,
): Promise<ContainersPruneReport> {
  checkFilterNames(filters, ["label", "label!", "until"]);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const container of containers.filter(prunable(filters, clock))) {
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

/** Tells who is stopped, has the labels, and was made before `until`. Throws `InvalidParameter`. */
function prunable(filters: Filters, clock: Clock): (container: Container) => boolean {
  const until = pruneUntil(filters, clock.now());
  return (container) => !container.isRunning && wanted(container, filters, until);
}

function wanted(container: Container, filters: Filters, until: number | undefined): boolean {
  const labels = container.record.config.Labels ?? {};
  const unwanted = filters.get("label!") ?? [];
  return (
    matchesLabels(labels, filters.get("label")) &&
    (unwanted.length === 0 || !matchesLabels(labels, unwanted)) &&
    (until === undefined || Date.parse(container.record.created) < until)
  );
}
