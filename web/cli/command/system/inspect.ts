import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError, isNotFound, messageOf } from "../../errors.ts";
import { objectFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { type Inspected, inspectObjects } from "../../formatter/inspect.ts";

const types = ["config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"];

export const inspectCommand: Command = {
  name: "inspect",
  use: "inspect [OPTIONS] NAME|ID [NAME|ID...]",
  short: "Return low-level information on Docker objects",
  flags: [
    { ...objectFormatFlag, complete: "none" },
    { name: "size", short: "s", type: "bool", usage: "Display total file sizes if the type is container" },
    { name: "type", type: "string", usage: "Only inspect objects of the given type", complete: types },
  ],
  args: { min: 1 },
  complete: { kind: "containers" },
  run: runInspect,
};

interface Finder {
  readonly type: string;
  /** Path before and after the name. */
  readonly path: readonly [before: string, after: string];
  readonly typeName: string;
}

/** In the order in which a name without a type is looked for. */
const finders: readonly Finder[] = [
  { type: "container", path: ["/containers", "/json"], typeName: "*container.InspectResponse" },
  { type: "image", path: ["/images", "/json"], typeName: "*image.InspectResponse" },
  { type: "network", path: ["/networks", ""], typeName: "network.Inspect" },
  { type: "volume", path: ["/volumes", ""], typeName: "volume.Volume" },
  { type: "plugin", path: ["/plugins", "/json"], typeName: "*types.Plugin" },
];

/** Swarm's objects are looked for only when their type is named: this engine is no swarm manager. */
const swarmFinders: readonly Finder[] = ["service", "task", "node", "secret", "config"].map((type) => ({
  type,
  path: [`/${type}s`, ""],
  typeName: `swarm.${type}`,
}));

async function runInspect(cli: Cli, flags: ParsedFlags): Promise<void> {
  const type = flags.string("type");
  const list = types.map((each) => JSON.stringify(each)).join(", ");
  if (flags.changed("type") && type === "") throw new CliError(`type is empty: must be one of ${list}`);
  if (type !== "" && !types.includes(type))
    throw new CliError(`unknown type: ${JSON.stringify(type)}: must be one of ${list}`);
  const searched = type === "" ? finders : [...finders, ...swarmFinders].filter((each) => each.type === type);
  const size = flags.bool("size");
  await inspectObjects(cli, flags.args, flags.string("format"), (name) => find(cli, name, searched, type !== "", size));
}

async function find(
  cli: Cli,
  name: string,
  searched: readonly Finder[],
  isTyped: boolean,
  size: boolean,
): Promise<Inspected> {
  for (const { type, path, typeName } of searched) {
    try {
      const query = { size: (size && type === "container") || undefined };
      const text = await cli.api.text("GET", `${path[0]}${apiPath(name)}${path[1]}`, { query });
      if (size && type !== "container") await cli.err.line(`WARNING: --size ignored for ${type}`);
      return { text, typeName };
    } catch (error) {
      if (isTyped || !isSkippable(error)) throw error;
    }
  }
  throw new Error(`Error: No such object: ${name}`);
}

/** Plugins are a part of the API that is not there yet, which says nothing about the name. */
function isSkippable(error: unknown): boolean {
  return isNotFound(error) || /not supported|not implemented|invalid reference format/.test(messageOf(error));
}
