import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError, messageOf } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { upStates } from "../../opts/names.ts";
import { OutputClosed } from "../../output.ts";

export const waitCommand: Command = {
  name: "wait",
  use: "wait CONTAINER [CONTAINER...]",
  short: "Block until one or more containers stop, then print their exit codes",
  aliases: ["docker container wait", "docker wait"],
  args: { min: 1 },
  complete: { kind: "containers", states: upStates },
  run: runWait,
};

async function runWait(cli: Cli, flags: ParsedFlags): Promise<void> {
  const errors: string[] = [];
  for (const name of flags.args) {
    try {
      const exit = await cli.api.json<{ StatusCode: number }>("POST", `/containers${apiPath(name, "wait")}`);
      await cli.out.line(String(exit.StatusCode));
    } catch (error) {
      if (error instanceof OutputClosed || cli.signal.aborted) throw error;
      errors.push(messageOf(error));
    }
  }
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}
