import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { tableFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { type Field, type Listing, renderListing } from "../../formatter/listing.ts";
import { goTimeOf, labelList, naturalOrder, truncateId } from "../../formatter/text.ts";
import { filtersParameter } from "../../opts/filters.ts";

export const lsNetworksCommand: Command = {
  name: "ls",
  use: "ls [OPTIONS]",
  short: "List networks",
  aliases: ["docker network ls", "docker network list"],
  flags: [
    { name: "filter", short: "f", type: "filter", usage: 'Provide filter values (e.g. "driver=bridge")' },
    tableFormatFlag,
    { name: "no-trunc", type: "bool", usage: "Do not truncate the output" },
    { name: "quiet", short: "q", type: "bool", usage: "Only display network IDs" },
  ],
  args: { max: 0 },
  complete: { kind: "none" },
  run: runLs,
};

interface Network {
  readonly Name: string;
  readonly Id: string;
  readonly Created: string;
  readonly Scope: string;
  readonly Driver: string;
  readonly EnableIPv4?: boolean;
  readonly EnableIPv6: boolean;
  readonly Internal: boolean;
  readonly Labels: Readonly<Record<string, string>> | null;
}

function listing(truncate: boolean): Listing<Network> {
  const field = (header: string, value: (row: Network) => string): Field<Network> => ({ header, value });
  return {
    typeName: "*network.networkContext",
    fields: {
      ID: field("NETWORK ID", ({ Id }) => (truncate ? truncateId(Id) : Id)),
      Name: field("NAME", ({ Name }) => Name),
      Driver: field("DRIVER", ({ Driver }) => Driver),
      Scope: field("SCOPE", ({ Scope }) => Scope),
      IPv4: field("IPV4", ({ EnableIPv4 }) => String(EnableIPv4 ?? true)),
      IPv6: field("IPV6", ({ EnableIPv6 }) => String(EnableIPv6)),
      Internal: field("INTERNAL", ({ Internal }) => String(Internal)),
      Labels: field("LABELS", ({ Labels }) => labelList(Labels)),
      Label: { method: ({ Labels }, name) => Labels?.[name] ?? "" },
      CreatedAt: field("CREATED AT", ({ Created }) => goTimeOf(Created)),
    },
  };
}

async function runLs(cli: Cli, flags: ParsedFlags): Promise<void> {
  const quiet = flags.bool("quiet");
  const networks = await cli.api.json<Network[]>("GET", "/networks", {
    query: { filters: filtersParameter(flags.list("filter")) },
  });
  const sorted = [...networks].sort((a, b) => naturalOrder(a.Name, b.Name));
  const format = flags.string("format") || (quiet ? "" : await cli.config.format("networksFormat"));
  const choice = {
    format,
    table: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
    raw: "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n",
    ...(quiet && { quiet: "{{.ID}}" }),
  };
  await cli.out.write(renderListing(listing(!flags.bool("no-trunc")), sorted, choice));
}
