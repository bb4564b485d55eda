import type { Cli } from "../../cli.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { filtersParameter } from "../../opts/timestamp.ts";
import { humanSize } from "../../units/size.ts";

/** What a prune took away. */
export interface PruneReport {
  readonly text: string;
  /** Bytes; nothing for objects that have no size. */
  readonly reclaimed?: number;
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
