import { isEngineError, notFound, notImplemented, unavailable } from "../errdefs/errors.ts";
import type { ContainerBackend } from "./container-backend.ts";
import type { ImageBackend } from "./image-backend.ts";
import type { OperationId } from "./operations.ts";
import type { RouteMatch } from "./route-table.ts";

export interface NotBuiltComponents {
  readonly containers: Pick<ContainerBackend, "inspect">;
  readonly images: Pick<ImageBackend, "inspect">;
}

/** What an engine outside a swarm says to what is a swarm's. */
export function noSwarm(): Error {
  return unavailable(
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  );
}

/** Refuses an operation that no router claims: as an engine outside a swarm does, with Docker's 404 or with 501. */
export async function refuseNotBuilt(
  components: NotBuiltComponents,
  match: RouteMatch,
  query: URLSearchParams,
): Promise<never> {
  const { id, operation } = match;
  if (operation.swarm) {
    if (typeof operation.swarm === "string") throw unavailable(operation.swarm);
    throw noSwarm();
  }
  const name = match.params.get("id") ?? match.params.get("name") ?? "";
  await subjects[id]?.(components, name, query);
  throw notImplemented(`${operation.method} ${operation.path} (${id}) is not implemented by this engine yet`);
}

/** Rejects with Docker's 404 when what an operation is about is not there. `name` is the one in the path. */
type Subject = (components: NotBuiltComponents, name: string, query: URLSearchParams) => Promise<unknown>;

const container: Subject = ({ containers }, name) => containers.inspect(name);

const image: Subject = (components, name) => findImage(components, name, `No such image: ${name}`);

const plugin: Subject = async (_, name) => {
  throw notFound(`plugin ${JSON.stringify(name)} not found`);
};

/** What has to be there: nobody should wait for an operation that would not find its container. */
const subjects: Partial<Record<OperationId, Subject>> = {
  ContainerArchive: container,
  ContainerArchiveInfo: container,
  ContainerAttachWebsocket: container,
  ContainerChanges: container,
  ContainerExport: container,
  ImageCommit: ({ containers }, _, query) => containers.inspect(query.get("container") ?? ""),
  ImageGet: image,
  ImageGetAll: async (components, _, query) => {
    for (const name of query.getAll("names")) await image(components, name, query);
  },
  ImagePush: (components, name) => findImage(components, name, `An image does not exist locally with the tag: ${name}`),
  PluginDelete: plugin,
  PluginDisable: plugin,
  PluginEnable: plugin,
  PluginPush: plugin,
  PluginSet: plugin,
  PluginUpgrade: plugin,
  PutContainerArchive: container,
};

async function findImage({ images }: NotBuiltComponents, name: string, missing: string): Promise<void> {
  try {
    await images.inspect(name);
  } catch (error) {
    throw isEngineError(error, "NotFound") ? notFound(missing) : error;
  }
}
