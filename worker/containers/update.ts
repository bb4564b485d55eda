import type { Resources, RestartPolicy } from "../api/types/host-config.ts";
import { conflict, notFound } from "../errdefs/errors.ts";
import { linuxResources } from "../runtime/spec/resources.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import { validateResources, validateRestartPolicy } from "./validate.ts";

export type ContainerChanges = Partial<Resources> & { readonly RestartPolicy?: RestartPolicy };

/** Changes limits and restart policy, of a container that runs too. `reference`: how the client named it, for errors. */
export function updateContainer(
  { host, events }: Pick<ContainersComponents, "host" | "events">,
  container: Container,
  reference: string,
  changes: ContainerChanges,
): Promise<void> {
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
    const set = Object.fromEntries(
      Object.entries(limits).filter(([, value]) => value !== 0 && value !== null && value !== ""),
    );
    const merged = { ...hostConfig, ...set, ...(named && { RestartPolicy: named }) };
    validateResources(limits, host.machine, true);
    if (limits.Memory && limits.Memory > hostConfig.MemorySwap && !limits.MemorySwap) {
      throw conflict(
        `Cannot update container ${container.id}: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time`,
      );
    }
    await container.running?.task.update(linuxResources(merged));
    await container.update({ hostConfig: merged });
    events.publish("container", "update", container.id, container.attributes());
  });
}
