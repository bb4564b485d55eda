import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { renderListing } from "../../formatter/listing.ts";
import { naturalOrder } from "../../formatter/text.ts";
import { type Volume, volumeListing, volumeTable } from "../../formatter/volume.ts";
import { filtersParameter } from "../../opts/timestamp.ts";

export const lsVolumesCommand: Command = {
  name: "ls",
  use: "ls [OPTIONS]",
  short: "List volumes",
  aliases: ["docker volume ls", "docker volume list"],
  flags: [
    { name: "filter", short: "f", type: "filter", usage: 'Provide filter values (e.g. "dangling=true")' },
    {
      name: "format",
      type: "string",
      usage:
        "Format output using a custom template:\n'table':            Print output in table format with column headers (default)\n'table TEMPLATE':   Print output in table format using the given Go template\n'json':             Print in JSON format\n'TEMPLATE':         Print output using the given Go template.\nRefer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates",
    },
    { name: "quiet", short: "q", type: "bool", usage: "Only display volume names" },
  ],
  args: { max: 0 },
  complete: { kind: "none" },
  run: runLs,
};

async function runLs(cli: Cli, flags: ParsedFlags): Promise<void> {
  const quiet = flags.bool("quiet");
  const { Volumes } = await cli.api.json<{ Volumes: Volume[] | null }>("GET", "/volumes", {
    query: { filters: filtersParameter(flags.list("filter")) },
  });
  const sorted = [...(Volumes ?? [])].sort((a, b) => naturalOrder(a.Name, b.Name));
  const format = flags.string("format") || (quiet ? "" : await cli.config.format("volumesFormat"));
  const choice = { format, table: volumeTable, ...(quiet && { quiet: "{{.Name}}" }) };
  await cli.out.write(renderListing(volumeListing, sorted, choice));
}
