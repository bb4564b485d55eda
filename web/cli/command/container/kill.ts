import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { signalNames, upStates } from "../../opts/names.ts";
import { forEach } from "../each.ts";

export const killCommand: Command = {
  name: "kill",
  use: "kill [OPTIONS] CONTAINER [CONTAINER...]",
  short: "Kill one or more running containers",
  aliases: ["docker container kill", "docker kill"],
  flags: [
    { name: "signal", short: "s", type: "string", usage: "Signal to send to the container", complete: signalNames },
  ],
  args: { min: 1 },
  complete: { kind: "containers", states: upStates },
  run: runKill,
};

async function runKill(cli: Cli, flags: ParsedFlags): Promise<void> {
  const signal = flags.string("signal") || undefined;
  await forEach(cli, flags.args, (name) =>
    cli.api.send("POST", `/containers${apiPath(name, "kill")}`, { query: { signal } }),
  );
}
