import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { renderListing } from "../../formatter/listing.ts";
import { upStates } from "../../opts/names.ts";

export const diffCommand: Command = {
  name: "diff",
  use: "diff CONTAINER",
  short: "Inspect changes to files or directories on a container's filesystem",
  aliases: ["docker container diff", "docker diff"],
  args: { min: 1, max: 1 },
  complete: { kind: "containers", states: upStates },
  run: runDiff,
};

interface Change {
  readonly Path: string;
  /** 0 modified, 1 added, 2 deleted. */
  readonly Kind: number;
}

const letters = ["C", "A", "D"];

async function runDiff(cli: Cli, flags: ParsedFlags): Promise<void> {
  const name = flags.args[0] ?? "";
  const changes = await cli.api.json<Change[] | null>("GET", `/containers${apiPath(name, "changes")}`);
  const rendered = renderListing(
    {
      typeName: "*container.diffContext",
      fields: {
        Type: { header: "CHANGE TYPE", value: ({ Kind }: Change) => letters[Kind] ?? "" },
        Path: { header: "PATH", value: ({ Path }: Change) => Path },
      },
    },
    changes ?? [],
    { format: "{{.Type}} {{.Path}}", table: "" },
  );
  await cli.out.write(rendered);
}
