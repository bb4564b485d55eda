import { regardless } from "../internal/failures.ts";
import { removeContainerFolder } from "../network/predefined.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import type { ContainerTable } from "./container-table.ts";

type RemoverComponents = Pick<
  ContainersComponents,
  "host" | "images" | "snapshotter" | "volumes" | "events" | "logs" | "onError"
>;

/** Takes containers away: what they hold first, then their record and name. */
export class Remover {
  readonly #components: RemoverComponents;
  readonly #table: ContainerTable;

  constructor(components: RemoverComponents, table: ContainerTable) {
    this.#components = components;
    this.#table = table;
  }

  /** A container that does not run. Called under its lock. */
  async remove(container: Container, options: { readonly removeVolumes: boolean }): Promise<void> {
    await this.clear(container);
    await this.forget(container, options);
  }

  /** As `--rm` does, whatever state it is in. */
  async discard(container: Container): Promise<void> {
    try {
      await this.remove(container, { removeVolumes: true });
    } catch (error) {
      container.removing = false;
      throw error;
    }
  }

  /** Gives back what is its own alone. Nothing of it can fail for good: what stays is in the guest's memory. */
  async clear(container: Container): Promise<void> {
    const { host, snapshotter, logs } = this.#components;
    container.removing = true;
    await regardless(container.snapshot);
    const folder = host.running?.guest.run(removeContainerFolder(container.id));
    await Promise.all([regardless(folder), snapshotter.remove(container.id), logs.remove(container.id)]);
  }

  /** Gives back its volumes, the record and the name. */
  async forget(container: Container, { removeVolumes } = { removeVolumes: true }): Promise<void> {
    await this.#releaseVolumes(container, removeVolumes);
    await this.#table.remove(container);
    this.#components.events.publish("container", "destroy", container.id, container.attributes());
    container.announceRemoval();
    // The container is gone whether or not that succeeds; the next start collects again.
    await this.#reported("collecting layers", this.#components.images.collectLayers(container.record.diffIds));
  }

  async #releaseVolumes(container: Container, remove: boolean): Promise<void> {
    const { volumes } = this.#components;
    for (const { point, anonymous } of container.record.mounts) {
      if (point.Type !== "volume" || point.Name === undefined) continue;
      await volumes.release(point.Name, container.id);
      // Without its container nobody asks for it, and `volume prune` finds it.
      if (remove && anonymous) await this.#reported(`removing volume ${point.Name}`, volumes.removeUnused(point.Name));
    }
  }

  async #reported(operation: string, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#components.onError?.(operation, error);
    }
  }
}
