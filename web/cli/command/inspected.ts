import type { Cli } from "../cli.ts";
import { type ApiRequest, apiPath } from "../client.ts";
import type { Inspected } from "../formatter/inspect.ts";

/** What Docker calls the objects that can be inspected. */
const typeNames = {
  container: "*container.InspectResponse",
  image: "*image.InspectResponse",
  network: "network.Inspect",
  volume: "volume.Volume",
  plugin: "*types.Plugin",
  service: "swarm.service",
  task: "swarm.task",
  node: "swarm.node",
  secret: "swarm.secret",
  config: "swarm.config",
};

export type ObjectType = keyof typeof typeNames;

/** Types whose objects the API has below their names. */
const nested: ReadonlySet<ObjectType> = new Set(["container", "image", "plugin"] as const);

/** What the engine says of an object. */
export async function inspected(
  cli: Cli,
  type: ObjectType,
  name: string,
  query: ApiRequest["query"] = {},
): Promise<Inspected> {
  const path = `/${type}s${nested.has(type) ? apiPath(name, "json") : apiPath(name)}`;
  return { text: await cli.api.text("GET", path, { query }), typeName: typeNames[type] };
}
