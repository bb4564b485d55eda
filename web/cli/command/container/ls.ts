import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { tableFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { type ContainerSummary, containerListing, containerRaw, containerTable } from "../../formatter/container.ts";
import { renderListing, tryFormat } from "../../formatter/listing.ts";
import { filtersParameter } from "../../opts/filters.ts";

export const lsCommand: Command = {
  name: "ls",
  use: "ls [OPTIONS]",
  short: "List containers",
  aliases: ["docker container ls", "docker container list", "docker container ps", "docker ps"],
  flags: [
    { name: "all", short: "a", type: "bool", usage: "Show all containers (default shows just running)" },
    { name: "filter", short: "f", type: "filter", usage: "Filter output based on conditions provided" },
    tableFormatFlag,
    {
      name: "last",
      short: "n",
      type: "int",
      usage: "Show n last created containers (includes all states)",
      default: "-1",
    },
    { name: "latest", short: "l", type: "bool", usage: "Show the latest created container (includes all states)" },
    { name: "no-trunc", type: "bool", usage: "Don't truncate output" },
    { name: "quiet", short: "q", type: "bool", usage: "Only display container IDs" },
    { name: "size", short: "s", type: "bool", usage: "Display total file sizes" },
  ],
  args: { max: 0 },
  complete: { kind: "none" },
  run: runLs,
};

async function runLs(cli: Cli, flags: ParsedFlags): Promise<void> {
  const quiet = flags.bool("quiet");
  const given = flags.string("format");
  if (given !== "" && quiet) {
    await cli.err.line("WARNING: Ignoring custom format, because both --format and --quiet are set.");
  }
  const format = given || (await cli.config.format("psFormat"));
  const wantsSize = usesSize(format);
  const size = flags.bool("size") || (wantsSize && !quiet && !flags.changed("size"));
  const last = flags.int("last");
  const limit = last === -1 && flags.bool("latest") ? 1 : last;
  const containers = await cli.api.json<ContainerSummary[]>("GET", "/containers/json", {
    query: {
      all: flags.bool("all") || undefined,
      limit: limit > 0 ? limit : undefined,
      size: size || undefined,
      filters: filtersParameter(flags.list("filter")),
    },
  });
  const listing = containerListing({ truncate: !flags.bool("no-trunc"), now: cli.now() });
  const sizeColumn = size ? "\\t{{.Size}}" : "";
  const rendered = renderListing(listing, containers, {
    format: quiet && format !== "raw" ? "" : format,
    table: containerTable + sizeColumn,
    raw: containerRaw + (size ? "size: {{.Size}}\n" : ""),
    ...(quiet && { quiet: "{{.ID}}" }),
  });
  await cli.out.write(rendered);
}

/**
 * Tries the template on an empty row, as Docker does before it asks the engine. Sizes are costly, so the engine is asked for
 * them only where the template shows them.
 */
function usesSize(format: string): boolean {
  if (format === "") return false;
  tryFormat(containerListing({ truncate: true, now: 0 }), emptySummary, format);
  return /\{\{[^}]*(\.Size\b|\bjson\s+\.\s*[|}])/.test(format);
}

const emptySummary: ContainerSummary = {
  Id: "",
  Names: [],
  Image: "",
  ImageID: "",
  Command: "",
  Created: 0,
  State: "",
  Status: "",
};
