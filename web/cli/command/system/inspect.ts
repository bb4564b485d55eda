import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError, isNotFound, messageOf } from "../../errors.ts";
import { objectFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { type Inspected, inspectObjects } from "../../formatter/inspect.ts";
import { inspected, type ObjectType } from "../inspected.ts";

const types: readonly ObjectType[] = [
  "config",
  "container",
  "image",
  "network",
  "node",
  "plugin",
  "secret",
  "service",
  "task",
  "volume",
];

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

/**
 * In the order in which a name without a type is looked for. Swarm's objects are looked for only when their type is named:
 * this engine is no swarm manager.
 */
const searchedTypes: readonly ObjectType[] = ["container", "image", "network", "volume", "plugin"];

async function runInspect(cli: Cli, flags: ParsedFlags): Promise<void> {
  const wanted = flags.string("type");
  const list = types.map((each) => JSON.stringify(each)).join(", ");
  if (flags.changed("type") && wanted === "") throw new CliError(`type is empty: must be one of ${list}`);
  const type = types.find((each) => each === wanted);
  if (wanted !== "" && !type) throw new CliError(`unknown type: ${JSON.stringify(wanted)}: must be one of ${list}`);
  const searched = type ? [type] : searchedTypes;
  const size = flags.bool("size");
  await inspectObjects(cli, flags.args, flags.string("format"), (name) => find(cli, name, searched, size));
}

async function find(cli: Cli, name: string, searched: readonly ObjectType[], size: boolean): Promise<Inspected> {
  for (const type of searched) {
    try {
      const object = await inspected(cli, type, name, { size: (size && type === "container") || undefined });
      if (size && type !== "container") await cli.err.line(`WARNING: --size ignored for ${type}`);
      return object;
    } catch (error) {
      if (searched.length === 1 || !isSkippable(error)) throw error;
    }
  }
  throw new Error(`Error: No such object: ${name}`);
}

/** Plugins are a part of the API that is not there yet, which says nothing about the name. */
function isSkippable(error: unknown): boolean {
  return isNotFound(error) || /not supported|not implemented|invalid reference format/.test(messageOf(error));
}
