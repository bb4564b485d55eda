import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { cut } from "../../opts/cut.ts";
import { confirmed, type PruneReport, pruneFilters, reportPrune } from "../system/prune-report.ts";

export const pruneVolumesCommand: Command = {
  name: "prune",
  use: "prune [OPTIONS]",
  short: "Remove unused local volumes",
  flags: [
    { name: "all", short: "a", type: "bool", usage: "Remove all unused volumes, not just anonymous ones" },
    { name: "filter", type: "filter", usage: 'Provide filter values (e.g. "label=<label>")' },
    { name: "force", short: "f", type: "bool", usage: "Do not prompt for confirmation" },
  ],
  args: { max: 0 },
  complete: { kind: "none" },
  run: runPrune,
};

async function runPrune(cli: Cli, flags: ParsedFlags): Promise<void> {
  const chosen = flags.list("filter").some((filter) => cut(filter, "=")[0].trim() === "all");
  if (flags.bool("all") && chosen) {
    throw new CliError("conflicting options: cannot specify both --all and --filter all=1");
  }
  const kind = flags.bool("all") ? "all local" : "anonymous local";
  const warning = `WARNING! This will remove ${kind} volumes not used by at least one container.`;
  if (!(await confirmed(cli, flags, warning))) return;
  await reportPrune(cli, await pruneVolumes(cli, flags, flags.bool("all")));
}

/** @param all named volumes too */
export async function pruneVolumes(cli: Cli, flags: ParsedFlags, all: boolean): Promise<PruneReport> {
  const answer = await cli.api.json<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }>(
    "POST",
    "/volumes/prune",
    { query: { filters: pruneFilters(flags, all ? ["all=true"] : []) } },
  );
  const deleted = answer.VolumesDeleted ?? [];
  if (deleted.length === 0) return { text: "", reclaimed: 0 };
  return { text: `Deleted Volumes:\n${deleted.map((name) => `${name}\n`).join("")}`, reclaimed: answer.SpaceReclaimed };
}
