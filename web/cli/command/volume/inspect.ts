import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { objectFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { inspectObjects } from "../../formatter/inspect.ts";

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
    text: await cli.api.text("GET", `/volumes${apiPath(name)}`),
    typeName: "volume.Volume",
    isTypedOnly: true,
  }));
}
