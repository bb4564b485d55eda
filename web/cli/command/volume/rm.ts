import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { forEachInTurn } from "../each.ts";

export const rmVolumeCommand: Command = {
  name: "rm",
  use: "rm [OPTIONS] VOLUME [VOLUME...]",
  short: "Remove one or more volumes",
  long: "Remove one or more volumes. You cannot remove a volume that is in use by a container.",
  aliases: ["docker volume rm", "docker volume remove"],
  flags: [{ name: "force", short: "f", type: "bool", usage: "Force the removal of one or more volumes" }],
  args: { min: 1 },
  complete: { kind: "volumes" },
  run: runRm,
};

async function runRm(cli: Cli, flags: ParsedFlags): Promise<void> {
  const query = { force: flags.bool("force") || undefined };
  await forEachInTurn(cli, flags.args, (name) => cli.api.send("DELETE", `/volumes${apiPath(name)}`, { query }));
}
