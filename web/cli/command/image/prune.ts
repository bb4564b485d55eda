import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { deletedReport, type PruneReport, pruneCommandOf, pruneFilters } from "../system/prune-report.ts";

export const pruneImagesCommand: Command = pruneCommandOf({
  short: "Remove unused images",
  all: "Remove all unused images, not just dangling ones",
  filter: "until=<timestamp>",
  warning: (flags) =>
    flags.bool("all") ? "all images without at least one container associated to them." : "all dangling images.",
  prune: pruneImages,
});

interface PruneAnswer {
  readonly ImagesDeleted: readonly { readonly Deleted?: string; readonly Untagged?: string }[] | null;
  readonly SpaceReclaimed: number;
}

export async function pruneImages(cli: Cli, flags: ParsedFlags): Promise<PruneReport> {
  const filters = pruneFilters(flags, [`dangling=${!flags.bool("all")}`]);
  const answer = await cli.api.json<PruneAnswer>("POST", "/images/prune", { query: { filters } });
  const lines = (answer.ImagesDeleted ?? []).map(({ Deleted, Untagged }) =>
    Untagged ? `untagged: ${Untagged}` : `deleted: ${Deleted ?? ""}`,
  );
  return deletedReport("Deleted Images", lines, answer.SpaceReclaimed);
}
