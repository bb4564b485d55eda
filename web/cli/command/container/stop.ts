import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import type { Flag } from "../../flags/flag.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { signalNames, upStates } from "../../opts/names.ts";
import { forEach, forEachInTurn } from "../each.ts";

/** The flags of `stop` and `restart`. */
const stopFlags: readonly Flag[] = [
  { name: "signal", short: "s", type: "string", usage: "Signal to send to the container", complete: signalNames },
  { name: "timeout", short: "t", type: "int", usage: "Seconds to wait before killing the container" },
  {
    name: "time",
    type: "int",
    usage: "Seconds to wait before killing the container (deprecated: use --timeout)",
    deprecated: "use --timeout instead",
    aliasOf: "timeout",
  },
];

export const stopCommand: Command = {
  name: "stop",
  use: "stop [OPTIONS] CONTAINER [CONTAINER...]",
  short: "Stop one or more running containers",
  aliases: ["docker container stop", "docker stop"],
  flags: stopFlags,
  args: { min: 1 },
  complete: { kind: "containers", states: upStates },
  run: runStop,
};

export const restartCommand: Command = {
  name: "restart",
  use: "restart [OPTIONS] CONTAINER [CONTAINER...]",
  short: "Restart one or more containers",
  aliases: ["docker container restart", "docker restart"],
  flags: stopFlags,
  args: { min: 1 },
  complete: { kind: "containers" },
  run: runRestart,
};

function stopQuery(flags: ParsedFlags) {
  return {
    signal: flags.string("signal") || undefined,
    t: flags.changed("timeout") ? flags.int("timeout") : undefined,
  };
}

async function runStop(cli: Cli, flags: ParsedFlags): Promise<void> {
  await forEach(cli, flags.args, (name) =>
    cli.api.send("POST", `/containers${apiPath(name, "stop")}`, { query: stopQuery(flags) }),
  );
}

async function runRestart(cli: Cli, flags: ParsedFlags): Promise<void> {
  await forEachInTurn(cli, flags.args, (name) =>
    cli.api.send("POST", `/containers${apiPath(name, "restart")}`, { query: stopQuery(flags) }),
  );
}
