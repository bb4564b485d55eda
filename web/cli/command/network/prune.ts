import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { deletedReport, type PruneReport, pruneCommandOf, pruneFilters } from "../system/prune-report.ts";

export const pruneNetworksCommand: Command = pruneCommandOf({
  short: "Remove all unused networks",
  filter: "until=<timestamp>",
  warning: () => "all custom networks not used by at least one container.",
  prune: pruneNetworks,
});

export async function pruneNetworks(cli: Cli, flags: ParsedFlags): Promise<PruneReport> {
  const { NetworksDeleted } = await cli.api.json<{ NetworksDeleted: string[] | null }>("POST", "/networks/prune", {
    query: { filters: pruneFilters(flags) },
  });
  return deletedReport("Deleted Networks", NetworksDeleted ?? []);
}
