import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { ellipsis } from "../../formatter/display-width.ts";
import { type Field, renderListing } from "../../formatter/listing.ts";

import { filtersParameter } from "../../opts/filters.ts";

export const searchCommand: Command = {
  name: "search",
  use: "search [OPTIONS] TERM",
  short: "Search Docker Hub for images",
  flags: [
    { name: "filter", short: "f", type: "filter", usage: "Filter output based on conditions provided" },
    { name: "format", type: "string", usage: "Pretty-print search using a Go template" },
    { name: "limit", type: "int", usage: "Max number of search results" },
    { name: "no-trunc", type: "bool", usage: "Don't truncate output" },
  ],
  category: "common",
  args: { min: 1, max: 1 },
  run: runSearch,
};

interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
}

async function runSearch(cli: Cli, flags: ParsedFlags): Promise<void> {
  const limit = flags.int("limit");
  const results = await cli.api.json<SearchResult[]>("GET", "/images/search", {
    query: {
      term: flags.args[0],
      limit: limit > 0 ? limit : undefined,
      filters: filtersParameter(flags.list("filter")),
    },
  });
  const truncate = !flags.bool("no-trunc");
  const field = (header: string, value: (row: SearchResult) => string): Field<SearchResult> => ({ header, value });
  const listing = {
    typeName: "*registry.searchContext",
    fields: {
      Name: field("NAME", ({ name }) => name),
      Description: field("DESCRIPTION", ({ description }) => {
        const text = description.replaceAll(/[\r\n]/g, " ");
        return truncate ? ellipsis(text, 45) : text;
      }),
      StarCount: field("STARS", ({ star_count: stars }) => String(stars)),
      IsOfficial: field("OFFICIAL", ({ is_official: official }) => (official ? "[OK]" : "")),
    },
  };
  const table = "{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}";
  await cli.out.write(renderListing(listing, results, { format: flags.string("format"), table }));
}
