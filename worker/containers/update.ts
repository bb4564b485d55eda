import type { ContainerUpdateRequest } from "../api/types/container.ts";
import type { HostConfig, Resources, RestartPolicy } from "../api/types/host-config.ts";
import { conflict, errorMessage, system } from "../errdefs/errors.ts";
import { linuxResources } from "../runtime/spec/resources.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import { discardedLimits } from "./discarded.ts";
import { validateResources, validateRestartPolicy } from "./validate.ts";

/**
 * Changes limits and restart policy, of a container that runs too, and answers what it warns of. `find` is called after the
 * values were looked at, as Docker does.
 */
export async function updateContainer(
  { host, events }: Pick<ContainersComponents, "host" | "events">,
  find: () => Container,
  { RestartPolicy: policy, ...asked }: ContainerUpdateRequest,
): Promise<readonly string[]> {
  const named = policy?.Name ? policy : undefined;
  if (named) validateRestartPolicy(named);
  validateResources(asked, host.machine, { update: true });
  const { values, warnings } = discardedLimits(asked);
  // A member of value zero is one that the client did not set; for processes it stands for any number.
  const set = Object.fromEntries(
    Object.entries({ ...asked, ...values }).filter(([, value]) => value !== 0 && value !== null && value !== ""),
  );
  const pids = typeof asked.PidsLimit === "number" && { PidsLimit: Math.max(0, asked.PidsLimit) };
  const container = find();
  await container.lock.run(async () => {
    const { hostConfig } = container.record;
    const refuse = (reason: string) => `Cannot update container ${container.id}: ${reason}`;
    if (container.removing) throw system(refuse('container is marked for removal and cannot be "update"'));
    const refusal = contradiction(hostConfig, asked, named);
    if (refusal !== undefined) throw conflict(refuse(refusal));
    const merged = { ...hostConfig, ...set, ...pids, ...(named && { RestartPolicy: named }) };
    if (container.running && merged.Memory === 0 && merged.MemorySwap > 0) {
      throw system(refuse("unable to set swap limit without memory limit"));
    }
    try {
      await container.running?.task.update(linuxResources(merged));
    } catch (error) {
      throw system(refuse(errorMessage(error)), { cause: error });
    }
    await container.update({ hostConfig: merged });
    events.publish("container", "update", container.id, container.attributes());
  });
  return warnings;
}

/** Why limits cannot be changed so, in Docker's words: they contradict those that the container has. */
function contradiction(
  has: HostConfig,
  changes: Partial<Resources>,
  policy: RestartPolicy | undefined,
): string | undefined {
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
  if (policy && policy.Name !== "no" && has.AutoRemove) {
    return "Restart policy cannot be updated because AutoRemove is enabled for the container";
  }
  return undefined;
}
