import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { forEach } from "../each.ts";

export const pauseCommand: Command = {
  name: "pause",
  use: "pause CONTAINER [CONTAINER...]",
  short: "Pause all processes within one or more containers",
  aliases: ["docker container pause", "docker pause"],
  args: { min: 1 },
  complete: { kind: "containers", states: ["running"] },
  run: runPause,
};

export const unpauseCommand: Command = {
  name: "unpause",
  use: "unpause CONTAINER [CONTAINER...]",
  short: "Unpause all processes within one or more containers",
  aliases: ["docker container unpause", "docker unpause"],
  args: { min: 1 },
  complete: { kind: "containers", states: ["paused"] },
  run: runUnpause,
};

async function runPause(cli: Cli, flags: ParsedFlags): Promise<void> {
  await forEach(cli, flags.args, (name) => cli.api.send("POST", `/containers${apiPath(name, "pause")}`));
}

async function runUnpause(cli: Cli, flags: ParsedFlags): Promise<void> {
  await forEach(cli, flags.args, (name) => cli.api.send("POST", `/containers${apiPath(name, "unpause")}`));
}
