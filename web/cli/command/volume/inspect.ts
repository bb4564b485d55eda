import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { objectFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { inspectObjects } from "../../formatter/inspect.ts";
import { inspected } from "../inspected.ts";

export const inspectVolumeCommand: Command = {
  name: "inspect",
  use: "inspect [OPTIONS] VOLUME [VOLUME...]",
  short: "Display detailed information on one or more volumes",
  flags: [objectFormatFlag],
  args: { min: 1 },
  complete: { kind: "volumes" },
  run: runInspect,
};

async function runInspect(cli: Cli, flags: ParsedFlags): Promise<void> {
  await inspectObjects(cli, flags.args, flags.string("format"), async (name) => ({
    ...(await inspected(cli, "volume", name)),
    isTypedOnly: true,
  }));
}
