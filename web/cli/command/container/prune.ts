import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { deletedReport, type PruneReport, pruneCommandOf, pruneFilters } from "../system/prune-report.ts";

export const pruneCommand: Command = pruneCommandOf({
  short: "Remove all stopped containers",
  filter: "until=<timestamp>",
  warning: () => "all stopped containers.",
  prune: pruneContainers,
});

export async function pruneContainers(cli: Cli, flags: ParsedFlags): Promise<PruneReport> {
  const { ContainersDeleted, SpaceReclaimed } = await cli.api.json<{
    ContainersDeleted: string[] | null;
    SpaceReclaimed: number;
  }>("POST", "/containers/prune", { query: { filters: pruneFilters(flags) } });
  return deletedReport("Deleted Containers", ContainersDeleted ?? [], SpaceReclaimed);
}
