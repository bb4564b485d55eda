import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError, isNotFound, messageOf } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { platformFlag } from "../../flags/platform-flag.ts";
import { platformParameters } from "../../opts/platform.ts";
import { OutputClosed } from "../../output.ts";

export const rmImageCommand: Command = {
  name: "rm",
  use: "rm [OPTIONS] IMAGE [IMAGE...]",
  short: "Remove one or more images",
  aliases: ["docker image rm", "docker image remove", "docker rmi"],
  flags: [
    { name: "force", short: "f", type: "bool", usage: "Force removal of the image" },
    { name: "no-prune", type: "bool", usage: "Do not delete untagged parents" },
    {
      ...platformFlag(
        'Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
      ),
      type: "strings",
    },
  ],
  args: { min: 1 },
  complete: { kind: "images" },
  run: runRm,
};

interface Removed {
  readonly Deleted?: string;
  readonly Untagged?: string;
}

async function runRm(cli: Cli, flags: ParsedFlags): Promise<void> {
  const force = flags.bool("force");
  const query = {
    force: force || undefined,
    noprune: flags.bool("no-prune") || undefined,
    platforms: platformParameters(flags.list("platform")),
  };
  const errors: string[] = [];
  let fatal = false;
  for (const name of flags.args) {
    try {
      const removed = await cli.api.json<Removed[]>("DELETE", `/images${apiPath(name)}`, { query });
      for (const { Deleted, Untagged } of removed) {
        await cli.out.line(Deleted ? `Deleted: ${Deleted}` : `Untagged: ${Untagged ?? ""}`);
      }
    } catch (error) {
      if (error instanceof OutputClosed || cli.signal.aborted) throw error;
      fatal ||= !isNotFound(error);
      errors.push(messageOf(error));
    }
  }
  if (errors.length === 0) return;
  if (!force || fatal) throw new CliError(errors.join("\n"));
  await cli.err.line(errors.join("\n"));
}
