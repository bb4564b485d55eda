import { isEngineError, notFound, notImplemented, unavailable } from "../errdefs/errors.ts";
import type { ContainerBackend } from "./container-backend.ts";
import type { ImageBackend } from "./image-backend.ts";
import type { RouteMatch } from "./route-table.ts";

export interface NotBuiltComponents {
  readonly containers: Pick<ContainerBackend, "inspect">;
  readonly images: Pick<ImageBackend, "inspect">;
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
    throw unavailable(
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    );
  }
  await findSubject(components, match, query);
  throw notImplemented(`${operation.method} ${operation.path} (${id}) is not implemented by this engine yet`);
}

/** What the operation is about has to be there: nobody should wait for an operation that would not find its container. */
async function findSubject(
  { containers, images }: NotBuiltComponents,
  { id, operation, params }: RouteMatch,
  query: URLSearchParams,
): Promise<void> {
  const image = async (name: string, missing = `No such image: ${name}`): Promise<void> => {
    await images.inspect(name).catch((error: unknown) => {
      throw isEngineError(error, "NotFound") ? notFound(missing) : error;
    });
  };
  if (id === "ImageCommit") await containers.inspect(query.get("container") ?? "");
  if (id === "ImageGetAll") for (const name of query.getAll("names")) await image(name);
  const name = params.get("id") ?? params.get("name");
  if (name === undefined) return;
  const [, kind] = operation.path.split("/");
  if (kind === "containers") await containers.inspect(name);
  if (kind === "plugins") throw notFound(`plugin ${JSON.stringify(name)} not found`);
  if (id === "ImagePush") await image(name, `An image does not exist locally with the tag: ${name}`);
  else if (kind === "images") await image(name);
}
