import { EngineError, invalidParameter, isEngineError, notFound } from "../errdefs/errors.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import type { ContainerTable } from "./container-table.ts";

/** `reference`: how the client named it, for errors. */
export async function renameContainer(
  { events }: Pick<ContainersComponents, "events">,
  table: ContainerTable,
  container: Container,
  { reference, newName }: { readonly reference: string; readonly newName: string },
): Promise<void> {
  return container.lock.run(async () => {
    if (container.gone) throw notFound(`No such container: ${reference}`);
    const oldName = container.name;
    if (newName.replace(/^\//, "") === oldName) {
      throw invalidParameter("Renaming a container with the same name as its current name");
    }
    const reserved = reserve(table, container, newName);
    try {
      await container.update({ name: reserved });
    } catch (error) {
      table.release(reserved);
      throw error;
    }
    table.release(oldName);
    events.publish("container", "rename", container.id, container.attributes({ oldName: `/${oldName}` }));
  });
}

function reserve(table: ContainerTable, container: Container, name: string): string {
  try {
    return table.reserve(container.id, name.startsWith("/") ? name : `/${name}`);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    throw new EngineError(error.name, `Error when allocating new name: ${error.message}`, { cause: error });
  }
}
