import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { confirmed, type PruneReport, pruneFilters, reportPrune } from "../system/prune-report.ts";

export const pruneImagesCommand: Command = {
  name: "prune",
  use: "prune [OPTIONS]",
  short: "Remove unused images",
  flags: [
    { name: "all", short: "a", type: "bool", usage: "Remove all unused images, not just dangling ones" },
    { name: "filter", type: "filter", usage: 'Provide filter values (e.g. "until=<timestamp>")' },
    { name: "force", short: "f", type: "bool", usage: "Do not prompt for confirmation" },
  ],
  args: { max: 0 },
  complete: { kind: "none" },
  run: runPrune,
};

async function runPrune(cli: Cli, flags: ParsedFlags): Promise<void> {
  const what = flags.bool("all")
    ? "all images without at least one container associated to them."
    : "all dangling images.";
  if (!(await confirmed(cli, flags, `WARNING! This will remove ${what}`))) return;
  await reportPrune(cli, await pruneImages(cli, flags));
}

interface PruneAnswer {
  readonly ImagesDeleted: readonly { readonly Deleted?: string; readonly Untagged?: string }[] | null;
  readonly SpaceReclaimed: number;
}

export async function pruneImages(cli: Cli, flags: ParsedFlags): Promise<PruneReport> {
  const filters = pruneFilters(flags, [`dangling=${!flags.bool("all")}`]);
  const answer = await cli.api.json<PruneAnswer>("POST", "/images/prune", { query: { filters } });
  const deleted = answer.ImagesDeleted ?? [];
  if (deleted.length === 0) return { text: "", reclaimed: 0 };
  const lines = deleted.map(({ Deleted, Untagged }) =>
    Untagged ? `untagged: ${Untagged}\n` : `deleted: ${Deleted ?? ""}\n`,
  );
  return { text: `Deleted Images:\n${lines.join("")}`, reclaimed: answer.SpaceReclaimed };
}
