import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { confirmed, type PruneReport, pruneFilters, reportPrune } from "../system/prune-report.ts";

export const pruneCommand: Command = {
  name: "prune",
  use: "prune [OPTIONS]",
  short: "Remove all stopped containers",
  flags: [
    { name: "filter", type: "filter", usage: 'Provide filter values (e.g. "until=<timestamp>")' },
    { name: "force", short: "f", type: "bool", usage: "Do not prompt for confirmation" },
  ],
  args: { max: 0 },
  complete: { kind: "none" },
  run: runPrune,
};

async function runPrune(cli: Cli, flags: ParsedFlags): Promise<void> {
  if (!(await confirmed(cli, flags, "WARNING! This will remove all stopped containers."))) return;
  await reportPrune(cli, await pruneContainers(cli, flags));
}

export async function pruneContainers(cli: Cli, flags: ParsedFlags): Promise<PruneReport> {
  const answer = await cli.api.json<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }>(
    "POST",
    "/containers/prune",
    { query: { filters: pruneFilters(flags) } },
  );
  const deleted = answer.ContainersDeleted ?? [];
  if (deleted.length === 0) return { text: "", reclaimed: 0 };
  return { text: `Deleted Containers:\n${deleted.map((id) => `${id}\n`).join("")}`, reclaimed: answer.SpaceReclaimed };
}
