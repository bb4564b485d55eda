import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { isNotFound, messageOf } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { Forgiven, forEach } from "../each.ts";

export const rmCommand: Command = {
  name: "rm",
  use: "rm [OPTIONS] CONTAINER [CONTAINER...]",
  short: "Remove one or more containers",
  aliases: ["docker container rm", "docker container remove", "docker rm"],
  flags: [
    { name: "force", short: "f", type: "bool", usage: "Force the removal of a running container (uses SIGKILL)" },
    { name: "link", short: "l", type: "bool", usage: "Remove the specified link" },
    { name: "volumes", short: "v", type: "bool", usage: "Remove anonymous volumes associated with the container" },
  ],
  args: { min: 1 },
  complete: { kind: "containers", states: ["exited", "created"], forceLiftsStates: true },
  run: runRm,
};

async function runRm(cli: Cli, flags: ParsedFlags): Promise<void> {
  const force = flags.bool("force");
  const query = {
    force: force || undefined,
    link: flags.bool("link") || undefined,
    v: flags.bool("volumes") || undefined,
  };
  await forEach(cli, flags.args, async (name) => {
    const bare = name.replace(/^\/+|\/+$/g, "");
    if (bare === "") throw new Error("container name cannot be empty");
    try {
      await cli.api.send("DELETE", `/containers${apiPath(bare)}`, { query });
    } catch (error) {
      if (!force || !isNotFound(error)) throw error;
      throw new Forgiven(messageOf(error), { cause: error });
    }
  });
}
