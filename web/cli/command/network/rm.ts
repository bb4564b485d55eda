import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError, isNotFound, messageOf } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";

export const rmNetworkCommand: Command = {
  name: "rm",
  use: "rm NETWORK [NETWORK...]",
  short: "Remove one or more networks",
  aliases: ["docker network rm", "docker network remove"],
  flags: [{ name: "force", short: "f", type: "bool", usage: "Do not error if the network does not exist" }],
  args: { min: 1 },
  complete: { kind: "networks" },
  run: runRm,
};

async function runRm(cli: Cli, flags: ParsedFlags): Promise<void> {
  let failed = false;
  for (const name of flags.args) {
    try {
      await cli.api.send("DELETE", `/networks${apiPath(name)}`);
    } catch (error) {
      if (cli.signal.aborted) throw error;
      if (flags.bool("force") && isNotFound(error)) continue;
      await cli.err.line(messageOf(error));
      failed = true;
      continue;
    }
    await cli.out.line(name);
  }
  if (failed) throw new CliError("exit status 1");
}
