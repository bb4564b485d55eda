import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { inspectObjects } from "../../formatter/inspect.ts";

export const inspectVolumeCommand: Command = {
  name: "inspect",
  use: "inspect [OPTIONS] VOLUME [VOLUME...]",
  short: "Display detailed information on one or more volumes",
  flags: [
    {
      name: "format",
      short: "f",
      type: "string",
      usage:
        "Format output using a custom template:\n'json':             Print in JSON format\n'TEMPLATE':         Print output using the given Go template.\nRefer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates",
    },
  ],
  args: { min: 1 },
  complete: { kind: "volumes" },
  run: runInspect,
};

async function runInspect(cli: Cli, flags: ParsedFlags): Promise<void> {
  await inspectObjects(cli, flags.args, flags.string("format"), async (name) => ({
    text: await cli.api.text("GET", `/volumes${apiPath(name)}`),
    typeName: "*volume.Volume",
  }));
}
