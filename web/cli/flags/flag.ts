import type { CliContext } from "../context.ts";
import type { ValueCompletion } from "./value-completion.ts";

/**
 * What a flag takes. The first group are pflag's own types; the others are Docker's, named as its help names them, and
 * hold the raw text after it was checked.
 */
export type FlagType =
  | "bool"
  | "string"
  | "int"
  | "uint16"
  | "list"
  | "strings"
  | "filter"
  | "map"
  | "bytes"
  | "decimal"
  | "duration"
  | "mount"
  | "network"
  | "ulimit"
  | "gpu-request";

/** One flag of a command: everything that help, parsing and completion need to know. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly type: FlagType;
  readonly usage: string;
  /** The default as text. Help shows it unless it is the zero value of the type. */
  readonly default?: string;
  /** Works, but help does not show it, and completion neither unless it is hidden in help alone. */
  readonly hidden?: boolean | "in help";
  /** Printed on stderr when the flag is used. */
  readonly deprecated?: string;
  /** Another flag whose value this one sets. */
  readonly aliasOf?: string;
  /** Checks (and may rewrite) each value that is given; throws an Error whose message says what is wrong. */
  readonly check?: (value: string, context: FlagContext) => string;
  /** Warnings about a value that passed the check. */
  readonly warn?: (value: string) => readonly string[];
  /** What completion offers for the value; files when nothing is said. */
  readonly complete?: ValueCompletion;
}

/** What a check may look at besides the value. */
export type FlagContext = Pick<CliContext, "env">;

const repeatable: ReadonlySet<FlagType> = new Set([
  "list",
  "strings",
  "filter",
  "map",
  "mount",
  "network",
  "ulimit",
  "gpu-request",
]);

/** Says whether giving the flag again adds a value rather than replacing it. */
export function isRepeatable(flag: Flag): boolean {
  return repeatable.has(flag.type);
}
