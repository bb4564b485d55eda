import { humanSize } from "../../../../worker/internal/units/size.ts";
import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { Flag } from "../../flags/flag.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { filtersParameter } from "../../opts/filters.ts";

/** What a prune took away. */
export interface PruneReport {
  readonly text: string;
  /** Bytes; nothing for objects that have no size. */
  readonly reclaimed?: number;
}

/** `prune` of one kind of object. */
interface Prune {
  readonly short: string;
  /** What `--all` means, where there is one. */
  readonly all?: string;
  /** A filter as help shows it. */
  readonly filter: string;
  /** @throws CliError where the flags contradict each other */
  readonly warning: (flags: ParsedFlags) => string;
  readonly prune: (cli: Cli, flags: ParsedFlags) => Promise<PruneReport>;
}

export function pruneCommandOf({ short, all, filter, warning, prune }: Prune): Command {
  return {
    name: "prune",
    use: "prune [OPTIONS]",
    short,
    flags: pruneFlags(filter, all),
    args: { max: 0 },
    complete: { kind: "none" },
    run: async (cli, flags) => {
      if (await confirmed(cli, flags, `WARNING! This will remove ${warning(flags)}`)) {
        await reportPrune(cli, await prune(cli, flags));
      }
    },
  };
}

export function pruneFlags(filter: string, all: string | undefined): Flag[] {
  return [
    ...(all === undefined ? [] : [{ name: "all", short: "a", type: "bool", usage: all } as const]),
    { name: "filter", type: "filter", usage: `Provide filter values (e.g. "${filter}")` },
    { name: "force", short: "f", type: "bool", usage: "Do not prompt for confirmation" },
  ];
}

/** What was deleted, line by line; nothing where there was nothing to delete. */
export function deletedReport(title: string, lines: readonly string[], reclaimed?: number): PruneReport {
  const text = lines.length === 0 ? "" : `${title}:\n${lines.map((line) => `${line}\n`).join("")}`;
  return { text, ...(reclaimed !== undefined && { reclaimed: lines.length === 0 ? 0 : reclaimed }) };
}

/** Asks unless `--force` was given. */
export async function confirmed(cli: Cli, flags: ParsedFlags, warning: string): Promise<boolean> {
  return flags.bool("force") || (await cli.confirm(`${warning}\nAre you sure you want to continue?`));
}

/** The `filters` parameter of a prune, with those that the command adds itself. */
export function pruneFilters(flags: ParsedFlags, added: readonly string[] = []): string | undefined {
  return filtersParameter([...added, ...flags.list("filter")]);
}

export async function reportPrune(cli: Cli, { text, reclaimed }: PruneReport): Promise<void> {
  if (text !== "") await cli.out.line(text);
  if (reclaimed !== undefined) await cli.out.line(`Total reclaimed space: ${humanSize(reclaimed)}`);
}
