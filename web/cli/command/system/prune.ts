import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { pruneContainers } from "../container/prune.ts";
import { pruneImages } from "../image/prune.ts";
import { pruneNetworks } from "../network/prune.ts";
import { pruneVolumes } from "../volume/prune.ts";
import { confirmed, type PruneReport, pruneFlags, reportPrune } from "./prune-report.ts";

export const pruneSystemCommand: Command = {
  name: "prune",
  use: "prune [OPTIONS]",
  short: "Remove unused data",
  flags: [
    ...pruneFlags("label=<key>=<value>", "Remove all unused images not just dangling ones"),
    { name: "volumes", type: "bool", usage: "Prune anonymous volumes" },
  ],
  args: { max: 0 },
  complete: { kind: "none" },
  run: runPrune,
};

async function runPrune(cli: Cli, flags: ParsedFlags): Promise<void> {
  const volumes = flags.bool("volumes");
  if (volumes && flags.list("filter").some((each) => each.startsWith("until="))) {
    throw new CliError('ERROR: The "until" filter is not supported with "--volumes"');
  }
  if (!(await confirmed(cli, flags, warning(flags)))) return;
  const steps: (() => Promise<PruneReport>)[] = [
    () => pruneContainers(cli, flags),
    () => pruneNetworks(cli, flags),
    ...(volumes ? [() => pruneVolumes(cli, flags, false)] : []),
    () => pruneImages(cli, flags),
  ];
  let reclaimed = 0;
  for (const step of steps) {
    const report = await step();
    reclaimed += report.reclaimed ?? 0;
    await reportPrune(cli, { text: report.text });
  }
  await reportPrune(cli, { text: "", reclaimed });
}

function warning(flags: ParsedFlags): string {
  const all = flags.bool("all");
  const goes = [
    "all stopped containers",
    "all networks not used by at least one container",
    ...(flags.bool("volumes") ? ["all anonymous volumes not used by at least one container"] : []),
    all ? "all images without at least one container associated to them" : "all dangling images",
    all ? "all build cache" : "unused build cache",
  ];
  const filters = flags.list("filter");
  const filtered =
    filters.length > 0
      ? `\n  Items to be pruned will be filtered with:\n${[...filters]
          .sort()
          .map((each) => `  - ${each}\n`)
          .join("")}`
      : "";
  return `WARNING! This will remove:\n${goes.map((each) => `  - ${each}\n`).join("")}${filtered}`;
}
