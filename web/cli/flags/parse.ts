import { parseBool } from "../../../worker/internal/strconv.ts";
import { messageOf } from "../errors.ts";
import { type Flag, type FlagContext, isRepeatable } from "./flag.ts";
import { parseInteger, typeChecks } from "./values.ts";

/** What was given on a command line: values by flag name, and what is left over. */
export class ParsedFlags {
  readonly args: string[] = [];
  /** Notes for stderr, such as deprecations. */
  readonly notes: string[] = [];
  /** Warnings about values, for the log on stderr. */
  readonly warnings: string[] = [];
  readonly #flags: ReadonlyMap<string, Flag>;
  readonly #given = new Map<string, string[]>();

  constructor(flags: readonly Flag[]) {
    this.#flags = new Map(flags.map((flag) => [flag.name, flag]));
  }

  set(flag: Flag, value: string): void {
    const name = flag.aliasOf ?? flag.name;
    const before = this.#given.get(name);
    const values = flag.type === "strings" ? value.split(",") : [value];
    if (before && isRepeatable(flag)) before.push(...values);
    else this.#given.set(name, values);
  }

  has(name: string): boolean {
    return this.#flags.has(name);
  }

  /** Whether the flag stood on the command line. */
  changed(name: string): boolean {
    return this.#given.has(name);
  }

  bool(name: string): boolean {
    return parseBool(this.#given.get(name)?.[0] ?? this.#flags.get(name)?.default ?? "false");
  }

  string(name: string): string {
    return this.#given.get(name)?.[0] ?? this.#flags.get(name)?.default ?? "";
  }

  int(name: string): number {
    return parseInteger(this.string(name) || "0");
  }

  list(name: string): readonly string[] {
    return this.#given.get(name) ?? [];
  }
}

/** A command line that does not fit the flags; the message is pflag's. */
export class FlagError extends Error {
  override readonly name = "FlagError";
}

/** `--help` was asked for. */
export class HelpRequested extends Error {
  override readonly name = "HelpRequested";
  /** It was asked for as `-h`, which Docker advises against. */
  readonly shorthand: boolean;

  constructor(shorthand = false) {
    super("help requested");
    this.shorthand = shorthand;
  }
}

export interface ParseOptions {
  /** Flags may follow arguments (off for run and exec, whose arguments are another command's). */
  readonly interspersed: boolean;
}

/**
 * Parses a command line the way Go's pflag does: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-abc`, `--`.
 * @throws FlagError | HelpRequested
 */
export function parseFlags(
  flags: readonly Flag[],
  argv: readonly string[],
  context: FlagContext,
  options: ParseOptions,
): ParsedFlags {
  return new Parser(flags, argv, context).parse(options);
}

class Parser {
  readonly #byName: ReadonlyMap<string, Flag>;
  readonly #byShort: ReadonlyMap<string, Flag>;
  readonly #rest: string[];
  readonly #context: FlagContext;
  readonly #parsed: ParsedFlags;

  constructor(flags: readonly Flag[], argv: readonly string[], context: FlagContext) {
    this.#byName = new Map(flags.map((flag) => [flag.name, flag]));
    this.#byShort = new Map(flags.flatMap((flag) => (flag.short ? [[flag.short, flag] as const] : [])));
    this.#rest = [...argv];
    this.#context = context;
    this.#parsed = new ParsedFlags(flags);
  }

  parse(options: ParseOptions): ParsedFlags {
    for (let word = this.#rest.shift(); word !== undefined; word = this.#rest.shift()) {
      if (word === "--") {
        this.#parsed.args.push(...this.#rest);
        break;
      }
      if (word.startsWith("--")) this.#long(word);
      else if (word.startsWith("-") && word !== "-") this.#shorts(word.slice(1));
      else {
        this.#parsed.args.push(word);
        if (!options.interspersed) {
          this.#parsed.args.push(...this.#rest);
          break;
        }
      }
    }
    return this.#parsed;
  }

  #long(word: string): void {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    if (name === "" || name.startsWith("-")) throw new FlagError(`bad flag syntax: ${word}`);
    const flag = this.#byName.get(name);
    if (!flag) {
      if (name === "help") throw new HelpRequested();
      throw new FlagError(`unknown flag: --${name}`);
    }
    if (equals >= 0) this.#set(flag, word.slice(equals + 1));
    else if (flag.type === "bool") this.#set(flag, "true");
    else {
      const value = this.#rest.shift();
      if (value === undefined) throw new FlagError(`flag needs an argument: --${name}`);
      this.#set(flag, value);
    }
  }

  #shorts(word: string): void {
    for (let rest = word; rest !== ""; ) {
      const short = rest.slice(0, 1);
      const after = rest.slice(1);
      const flag = this.#byShort.get(short);
      if (!flag) {
        if (short === "h") throw new HelpRequested(true);
        throw new FlagError(`unknown shorthand flag: ${quotedChar(short)} in -${rest}`);
      }
      if (after.length > 1 && after.startsWith("=")) {
        this.#set(flag, after.slice(1));
        return;
      }
      if (flag.type === "bool") {
        this.#set(flag, "true");
        rest = after;
        continue;
      }
      const value = after === "" ? this.#rest.shift() : after;
      if (value === undefined) throw new FlagError(`flag needs an argument: ${quotedChar(short)} in -${rest}`);
      this.#set(flag, value);
      return;
    }
  }

  #set(flag: Flag, value: string): void {
    try {
      if (!flag.check) typeChecks[flag.type]?.(value);
      if (flag.name === "help" && parseBool(value)) throw new HelpRequested();
      this.#parsed.set(flag, flag.check ? flag.check(value, this.#context) : value);
      this.#parsed.warnings.push(...(flag.warn?.(value) ?? []));
    } catch (error) {
      if (error instanceof HelpRequested) throw error;
      const shown = flag.short ? `-${flag.short}, --${flag.name}` : `--${flag.name}`;
      throw new FlagError(
        `invalid argument ${JSON.stringify(value)} for ${JSON.stringify(shown)} flag: ${messageOf(error)}`,
      );
    }
    if (flag.deprecated) this.#parsed.notes.push(`Flag --${flag.name} has been deprecated, ${flag.deprecated}`);
  }
}

function quotedChar(char: string): string {
  return `'${char}'`;
}
