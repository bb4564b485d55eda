import type { Cli } from "./cli.ts";
import { CliError } from "./errors.ts";
import type { Flag } from "./flags/flag.ts";
import type { ParsedFlags } from "./flags/parse.ts";
import type { ValueCompletion } from "./flags/value-completion.ts";

/** A command or, with `subcommands`, a group of commands. */
export interface Command {
  readonly name: string;
  /** The usage line without the parents: `run [OPTIONS] IMAGE [COMMAND] [ARG...]`. */
  readonly use: string;
  readonly short: string;
  readonly long?: string;
  readonly example?: string;
  /** Every full name the command answers to, for help. */
  readonly aliases?: readonly string[];
  readonly flags?: readonly Flag[];
  readonly args?: ArgCount;
  /** Flags may follow arguments, unless this is false. */
  readonly interspersed?: boolean;
  /** Its flags are not known here: every word but `--help` is passed over. */
  readonly anyWords?: boolean;
  /** What completion offers for arguments; files when nothing is said. */
  readonly complete?: ArgumentCompletion;
  /** Group of the root's help that the command is listed in. */
  readonly category?: "common" | "swarm";
  /** Help does not list it. */
  readonly hidden?: boolean;
  readonly subcommands?: readonly Command[];
  /** Of a group: what it does without a subcommand, instead of showing its help. @throws CliError, ApiError */
  readonly run?: (cli: Cli, flags: ParsedFlags) => Promise<void>;
}

interface ArgumentCompletion {
  readonly kind: ValueCompletion;
  /** How many arguments are of that kind. */
  readonly max?: number;
  /** What may follow those; nothing when it is not said. */
  readonly rest?: ValueCompletion;
  /** Which containers. */
  readonly states?: readonly string[];
  /** With `--force` all of them. */
  readonly forceLiftsStates?: boolean;
}

/** How many arguments a command takes. Neither bound: any number. */
interface ArgCount {
  readonly min?: number;
  readonly max?: number;
}

/** A command and the names that lead to it: `["docker", "container"]`. */
export interface CommandPath {
  readonly command: Command;
  readonly parents: readonly string[];
}

export function fullName(path: CommandPath): string {
  return [...path.parents, path.command.name].join(" ");
}

export function useLine(path: CommandPath): string {
  return [...path.parents, path.command.use].join(" ");
}

/** @throws CliError in Docker's words when the number of arguments does not fit */
export function checkArgs(path: CommandPath, args: readonly string[]): void {
  const { min = 0, max = Number.POSITIVE_INFINITY } = path.command.args ?? {};
  if (args.length >= min && args.length <= max) return;
  const name = fullName(path);
  throw new CliError(
    `docker: '${name}' ${expectation(min, max)}\n\nUsage:  ${useLine(path)}\n\n${pointer(min, max)} '${name} --help' for more information`,
  );
}

function expectation(min: number, max: number): string {
  if (max === 0) return "accepts no arguments";
  if (min === max) return `requires ${min} ${argument(min)}`;
  if (max === Number.POSITIVE_INFINITY) return `requires at least ${min} ${argument(min)}`;
  if (min === 0) return `requires at most ${max} ${argument(max)}`;
  return `requires at least ${min} and at most ${max} ${argument(max)}`;
}

/** Docker's own three spellings. */
function pointer(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return "See";
  return min === 0 && max > 0 ? "SRun" : "Run";
}

function argument(count: number): string {
  return count === 1 ? "argument" : "arguments";
}

/** The subcommand that a word names. */
export function findSubcommand(path: CommandPath, word: string): CommandPath | undefined {
  const name = fullName(path);
  const command = path.command.subcommands?.find(
    (each) => each.name === word || (each.aliases?.includes(`${name} ${word}`) ?? false),
  );
  return command && { command, parents: [...path.parents, path.command.name] };
}

/** The same command under another name: `docker ps` is `docker container ls`. */
export function renamed(command: Command, name: string): Command {
  return { ...command, name, use: command.use.replace(/^\S+/, name) };
}
