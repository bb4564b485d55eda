import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { tableFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { renderListing } from "../../formatter/listing.ts";
import { naturalOrder } from "../../formatter/text.ts";
import { type Volume, volumeListing, volumeRaw, volumeTable } from "../../formatter/volume.ts";
import { filtersParameter } from "../../opts/filters.ts";

export const lsVolumesCommand: Command = {
  name: "ls",
  use: "ls [OPTIONS]",
  short: "List volumes",
  aliases: ["docker volume ls", "docker volume list"],
  flags: [
    { name: "filter", short: "f", type: "filter", usage: 'Provide filter values (e.g. "dangling=true")' },
    tableFormatFlag,
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
  const choice = { format, table: volumeTable, raw: volumeRaw, ...(quiet && { quiet: "{{.Name}}" }) };
  await cli.out.write(renderListing(volumeListing, sorted, choice));
}
