import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError, messageOf } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";

export const renameCommand: Command = {
  name: "rename",
  use: "rename CONTAINER NEW_NAME",
  short: "Rename a container",
  aliases: ["docker container rename", "docker rename"],
  args: { min: 2, max: 2 },
  complete: { kind: "containers" },
  run: runRename,
};

async function runRename(cli: Cli, flags: ParsedFlags): Promise<void> {
  const [from = "", to = ""] = flags.args.map((name) => name.trim());
  if (from === "" || to === "") throw new CliError("Error: Neither old nor new names may be empty");
  try {
    await cli.api.send("POST", `/containers${apiPath(from, "rename")}`, { query: { name: to } });
  } catch (error) {
    throw new CliError(`${messageOf(error)}\nError: failed to rename container named ${from}`, 1, { cause: error });
  }
}
