import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { cut } from "../../opts/cut.ts";
import { deletedReport, type PruneReport, pruneCommandOf, pruneFilters } from "../system/prune-report.ts";

export const pruneVolumesCommand: Command = pruneCommandOf({
  short: "Remove unused local volumes",
  all: "Remove all unused volumes, not just anonymous ones",
  filter: "label=<label>",
  warning,
  prune: (cli, flags) => pruneVolumes(cli, flags, flags.bool("all")),
});

function warning(flags: ParsedFlags): string {
  const chosen = flags.list("filter").some((filter) => cut(filter, "=")[0].trim() === "all");
  if (flags.bool("all") && chosen) {
    throw new CliError("conflicting options: cannot specify both --all and --filter all=1");
  }
  const kind = flags.bool("all") ? "all local" : "anonymous local";
  return `${kind} volumes not used by at least one container.`;
}

/** @param all named volumes too */
export async function pruneVolumes(cli: Cli, flags: ParsedFlags, all: boolean): Promise<PruneReport> {
  const { VolumesDeleted, SpaceReclaimed } = await cli.api.json<{
    VolumesDeleted: string[] | null;
    SpaceReclaimed: number;
  }>("POST", "/volumes/prune", { query: { filters: pruneFilters(flags, all ? ["all=true"] : []) } });
  return deletedReport("Deleted Volumes", VolumesDeleted ?? [], SpaceReclaimed);
}
