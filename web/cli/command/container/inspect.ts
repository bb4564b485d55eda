import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { objectFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { inspectObjects } from "../../formatter/inspect.ts";
import { inspected } from "../inspected.ts";

export const inspectContainerCommand: Command = {
  name: "inspect",
  use: "inspect [OPTIONS] CONTAINER [CONTAINER...]",
  short: "Display detailed information on one or more containers",
  flags: [objectFormatFlag, { name: "size", short: "s", type: "bool", usage: "Display total file sizes" }],
  args: { min: 1 },
  complete: { kind: "containers" },
  run: runInspect,
};

async function runInspect(cli: Cli, flags: ParsedFlags): Promise<void> {
  const query = { size: flags.bool("size") || undefined };
  await inspectObjects(cli, flags.args, flags.string("format"), (name) => inspected(cli, "container", name, query));
}
