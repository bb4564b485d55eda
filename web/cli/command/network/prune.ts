import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { confirmed, type PruneReport, pruneFilters, reportPrune } from "../system/prune-report.ts";

export const pruneNetworksCommand: Command = {
  name: "prune",
  use: "prune [OPTIONS]",
  short: "Remove all unused networks",
  flags: [
    { name: "filter", type: "filter", usage: 'Provide filter values (e.g. "until=<timestamp>")' },
    { name: "force", short: "f", type: "bool", usage: "Do not prompt for confirmation" },
  ],
  args: { max: 0 },
  complete: { kind: "none" },
  run: runPrune,
};

async function runPrune(cli: Cli, flags: ParsedFlags): Promise<void> {
  const warning = "WARNING! This will remove all custom networks not used by at least one container.";
  if (!(await confirmed(cli, flags, warning))) return;
  await reportPrune(cli, await pruneNetworks(cli, flags));
}

export async function pruneNetworks(cli: Cli, flags: ParsedFlags): Promise<PruneReport> {
  const { NetworksDeleted } = await cli.api.json<{ NetworksDeleted: string[] | null }>("POST", "/networks/prune", {
    query: { filters: pruneFilters(flags) },
  });
  const deleted = NetworksDeleted ?? [];
  return { text: deleted.length === 0 ? "" : `Deleted Networks:\n${deleted.map((name) => `${name}\n`).join("")}` };
}
