import type { ContainerUpdateRequest } from "../api/types/container.ts";
import type { Resources } from "../api/types/host-config.ts";
import { conflict, notFound } from "../errdefs/errors.ts";
import { linuxResources } from "../runtime/spec/resources.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import { discardedLimits } from "./discarded.ts";
import { validateResources, validateRestartPolicy } from "./validate.ts";

/**
 * Changes limits and restart policy, of a container that runs too, and answers what it warns of. `reference`: how the client
 * named it, for errors.
 */
export function updateContainer(
  { host, events }: Pick<ContainersComponents, "host" | "events">,
  container: Container,
  reference: string,
  changes: ContainerUpdateRequest,
): Promise<readonly string[]> {
  return container.lock.run(async () => {
    if (container.gone) throw notFound(`No such container: ${reference}`);
    const { hostConfig } = container.record;
    const { RestartPolicy: policy, ...limits } = changes;
    const named = policy?.Name ? policy : undefined;
    if (named) validateRestartPolicy(named);
    if (named && named.Name !== "no" && hostConfig.AutoRemove) {
      throw conflict("Restart policy cannot be updated because AutoRemove is enabled for the container");
    }
    // A member of value zero is one that the client did not set.
    const { values, warnings } = discardedLimits(limits);
    const set = Object.fromEntries(
      Object.entries({ ...limits, ...values }).filter(([, value]) => value !== 0 && value !== null && value !== ""),
    );
    const merged = { ...hostConfig, ...set, ...(named && { RestartPolicy: named }) };
    validateResources(limits, host.machine, { update: true });
    const refusal = contradiction(hostConfig, limits);
    if (refusal !== undefined) throw conflict(`Cannot update container ${container.id}: ${refusal}`);
    await container.running?.task.update(linuxResources(merged));
    await container.update({ hostConfig: merged });
    events.publish("container", "update", container.id, container.attributes());
    return warnings;
  });
}

/** Why limits cannot be changed so, in Docker's words: they contradict those that the container has. */
function contradiction(has: Resources, changes: Partial<Resources>): string | undefined {
  const { Memory = 0, MemorySwap = 0, NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0 } = changes;
  if (NanoCpus > 0 && (has.CpuPeriod > 0 || has.CpuQuota > 0)) {
    const set = has.CpuPeriod > 0 ? "CPU Period" : "CPU Quota";
    return `Conflicting options: Nano CPUs cannot be updated as ${set} has already been set`;
  }
  if (has.NanoCpus > 0 && (CpuPeriod > 0 || CpuQuota > 0)) {
    const asked = CpuPeriod > 0 ? "CPU Period" : "CPU Quota";
    return `Conflicting options: ${asked} cannot be updated as NanoCPUs has already been set`;
  }
  if (Memory > has.MemorySwap && MemorySwap === 0) {
    return "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time";
  }
  return undefined;
}
