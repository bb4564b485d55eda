import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { checkLabel } from "../../opts/checks.ts";
import { keyValues } from "../../opts/cut.ts";

export const createVolumeCommand: Command = {
  name: "create",
  use: "create [OPTIONS] [VOLUME]",
  short: "Create a volume",
  flags: [
    { name: "driver", short: "d", type: "string", usage: "Specify volume driver name", default: "local" },
    { name: "label", type: "list", usage: "Set metadata for a volume", check: checkLabel },
    { name: "name", type: "string", usage: "Specify volume name", hidden: true },
    { name: "opt", short: "o", type: "map", usage: "Set driver specific options", default: "map[]" },
  ],
  args: { max: 1 },
  complete: { kind: "none" },
  run: runCreate,
};

async function runCreate(cli: Cli, flags: ParsedFlags): Promise<void> {
  const [argument] = flags.args;
  if (argument !== undefined && flags.changed("name")) {
    throw new CliError("conflicting options: cannot specify a volume-name through both --name and as a positional arg");
  }
  const { Name } = await cli.api.json<{ Name: string }>("POST", "/volumes/create", {
    json: {
      Name: argument ?? flags.string("name"),
      Driver: flags.string("driver"),
      DriverOpts: keyValues(flags.list("opt")),
      Labels: keyValues(flags.list("label")),
    },
  });
  await cli.out.line(Name);
}
