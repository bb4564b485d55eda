import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { objectFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { inspectObjects } from "../../formatter/inspect.ts";
import { inspected } from "../inspected.ts";

export const inspectNetworkCommand: Command = {
  name: "inspect",
  use: "inspect [OPTIONS] NETWORK [NETWORK...]",
  short: "Display detailed information on one or more networks",
  flags: [objectFormatFlag, { name: "verbose", short: "v", type: "bool", usage: "Verbose output for diagnostics" }],
  args: { min: 1 },
  complete: { kind: "networks" },
  run: runInspect,
};

async function runInspect(cli: Cli, flags: ParsedFlags): Promise<void> {
  const query = { verbose: flags.bool("verbose") ? "true" : undefined };
  await inspectObjects(cli, flags.args, flags.string("format"), (name) => inspected(cli, "network", name, query));
}
