import { isEngineError, notImplemented, system } from "../../errdefs/errors.ts";
import { type Column, columns, type ProcessFacts } from "./columns.ts";

/** What `ps` was asked for. */
export interface PsOptions {
  readonly columns: readonly Column[];
  /** Which processes; undefined: all of them. `error`: what it is when there is none of these. */
  readonly selected: ((facts: ProcessFacts, userName: string) => boolean) | undefined;
  readonly error: string | undefined;
  /** By what they are sorted, most important first. */
  readonly order: readonly { readonly column: Column; readonly descending: boolean }[];
  /** Whether the command is drawn as a tree. */
  readonly forest: boolean;
}

/** Letters that take a value, the rest of the word or the next word, in each of ps's two families of options. */
const valued = { sysv: "CopUu", bsd: "okpU" } as const;
/** Those that choose nothing here (every process of a container is shown), or change what nobody sees in a table of fields. */
const idle = { sysv: "AadegwH", bsd: "agrwx" } as const;
/** Those that ps knows and that are not here. */
const foreign = { sysv: "GLMNOPTVZcgmnqst", bsd: "ACHLMNOQSTVXZcehmnpqstv" } as const;
const foreignLong = (
  "Group cols columns context cumulative date-format delimiter deselect group header headers heading headings help info lines " +
  "no-header no-headers no-heading no-headings noheader noheaders noheading noheadings ppid quick-pid rows sid signames tty version width"
).split(" ");

type Family = keyof typeof valued;

/**
 * The options of procps's ps: `-ef` (System V), `aux` (BSD) and `--sort=-pid` (GNU), in any mixture. Throws `System` with ps's own text
 * for what it would refuse, and `NotImplemented` for what is not here.
 */
export function parsePsOptions(psArgs: string): PsOptions {
  return read(psArgs).options();
}

function read(psArgs: string): Parser {
  try {
    return new Parser(psArgs, "sysv");
  } catch (first) {
    if (isEngineError(first, "NotImplemented")) throw first;
    // Many type `-x`: ps takes words that System V's family does not have for the other's, and tells of the first mistake when
    // neither has them.
    try {
      return new Parser(psArgs, "bsd");
    } catch {
      throw first;
    }
  }
}

class Parser {
  readonly #psArgs: string;
  readonly #words: string[];
  readonly #letters: Record<Family, Set<string>> = { sysv: new Set(), bsd: new Set() };
  readonly #format: string[] = [];
  readonly #order: PsOptions["order"][number][] = [];
  readonly #names: string[] = [];
  readonly #users: string[] = [];
  readonly #pids: string[] = [];
  #forest = false;

  /** @param dashed the family of the words that begin with a dash */
  constructor(psArgs: string, dashed: Family) {
    this.#psArgs = psArgs;
    this.#words = psArgs.split(/\s+/).filter(Boolean);
    for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift()) {
      if (word.startsWith("--")) this.#long(word.slice(2));
      // What many type: ps takes it for `aux` where there is no user "x".
      else if (/^-a?ux[aw]*$/.test(word)) this.#family("bsd", word.slice(1));
      else if (word.startsWith("-")) this.#family(dashed, word.slice(1));
      else if (/^\d/.test(word)) this.#pids.push(...word.split(","));
      else this.#family("bsd", word);
    }
  }

  options(): PsOptions {
    const narrowed = this.#names.length + this.#users.length + this.#pids.length > 0;
    const all = ["A", "a", "d", "e"].some((letter) => this.#letters.sysv.has(letter));
    return {
      columns: this.#columns(),
      selected: narrowed && !all ? (facts, userName) => this.#selects(facts, userName) : undefined,
      error: this.#pids.length > 0 || this.#users.length > 0 ? undefined : "exit status 1",
      order: this.#order,
      forest: this.#forest || this.#letters.bsd.has("f"),
    };
  }

  #selects({ pid, uid, name }: ProcessFacts, userName: string): boolean {
    const { length } = name;
    return (
      this.#pids.includes(String(pid)) ||
      this.#users.some((user) => user === userName || user === String(uid)) ||
      // The kernel keeps fifteen characters of a name.
      this.#names.some((wanted) => (length === 15 ? wanted.startsWith(name) : wanted === name))
    );
  }

  #family(family: Family, word: string): void {
    for (let at = 0; at < word.length; at++) {
      const letter = word.charAt(at);
      if (valued[family].includes(letter)) {
        this.#valued(family, letter, word.slice(at + 1));
        return;
      }
      const shown = family === "sysv" ? "Ffjly" : "fjlu";
      if (foreign[family].includes(letter)) this.#refuse();
      if (family === "sysv" && letter === "x") throw psError("must set personality to get -x option");
      if (!shown.includes(letter) && !idle[family].includes(letter)) {
        throw psError(family === "sysv" ? "unsupported SysV option" : "unsupported option (BSD syntax)");
      }
      this.#letters[family].add(letter);
    }
  }

  #valued(family: Family, letter: string, rest: string): void {
    const value = (what: string) => this.#value(rest, `${what} must follow ${family === "sysv" ? "-" : ""}${letter}`);
    if (letter === "C") this.#names.push(...value("list of command names").split(","));
    else if (letter === "o") this.#format.push(value("format specification"));
    else if (letter === "p") this.#pids.push(...value("list of process IDs").split(","));
    else if (letter === "k") this.#sort(value("long sort specification"));
    else this.#users.push(...value("list of users").split(","));
  }

  #long(word: string): void {
    const [name = "", given] = splitOnce(word, "=");
    const value = (what: string) => this.#value(given ?? "", `${what} must follow --${name}`);
    if (name === "forest") this.#forest = true;
    else if (name === "sort") this.#sort(value("long sort specification"));
    else if (name === "format") this.#format.push(value("format specification"));
    else if (name === "pid") this.#pids.push(...value("list of process IDs").split(","));
    else if (name === "user" || name === "User") this.#users.push(...value("list of users").split(","));
    else if (foreignLong.includes(name)) this.#refuse();
    else throw psError("unknown gnu long option");
  }

  #value(rest: string, missing: string): string {
    const value = rest || this.#words.shift();
    if (value === undefined) throw psError(missing);
    return value;
  }

  #sort(keys: string): void {
    for (const key of keys.split(",")) {
      const column = columns.get(key.replace(/^[+-]/, ""));
      if (!column) throw psError("unknown sort specifier");
      this.#order.push({ column, descending: key.startsWith("-") });
    }
  }

  #columns(): readonly Column[] {
    const { sysv, bsd } = this.#letters;
    const shapes = ["j", "l", "u"].filter((letter) => bsd.has(letter));
    const systemV = ["F", "f", "j", "l"].some((letter) => sysv.has(letter));
    if (sysv.has("y") && !sysv.has("l")) throw psError("modifier -y without format -l makes no sense");
    if (this.#format.length > 0) return this.#format.flatMap(columnsOf);
    if (shapes.length > 1 || (shapes.length > 0 && systemV)) throw psError("conflicting format options");
    const [shape] = shapes;
    if (shape !== undefined || (bsd.size > 0 && !systemV)) return columnsOf(bsdFormats[shape ?? ""] ?? "");
    return columnsOf(systemVFormat(sysv));
  }

  #refuse(): never {
    throw notImplemented(`ps options ${JSON.stringify(this.#psArgs)} are not supported yet: use -ef, aux or -o`);
  }
}

const bsdFormats: Readonly<Record<string, string>> = {
  "": "pid,tname,stat,bsdtime,command",
  j: "ppid,pid,pgid,sid,tname,tpgid,stat,uid,bsdtime,command",
  l: "f,uid,pid,ppid,priority,ni,vsz,rss,wchan,stat,tname,bsdtime,command",
  u: "user,pid,%cpu,%mem,vsz,rss,tname,stat,start_time,bsdtime,command",
};

/** Formats of System V add up. */
function systemVFormat(letters: ReadonlySet<string>): string {
  const [extra, jobs, long] = ["F", "j", "l"].map((letter) => letters.has(letter));
  const full = extra || letters.has("f");
  const wide = full || long;
  return [
    ...(long ? [letters.has("y") ? "s" : "f,s"] : []),
    ...(full ? ["user=UID"] : long ? ["uid"] : []),
    wide ? "pid,ppid" : "pid",
    ...(jobs ? ["pgid,sid"] : []),
    ...(wide ? ["c"] : []),
    ...(long ? [`opri,ni,${letters.has("y") ? "rss" : "addr"},sz,wchan`] : []),
    ...(extra ? [long ? "rss,psr" : "sz,rss,psr"] : []),
    ...(full ? ["stime"] : []),
    "tname,time",
    full ? "cmd" : "ucmd",
  ].join(",");
}

/** Of `ps -o`: names with titles (`pid=ID`) and widths (`user:20`), which mean nothing in a table of fields. */
function columnsOf(format: string): readonly Column[] {
  return format.split(",").map((part): Column => {
    const [spec = "", title] = splitOnce(part, "=");
    const key = spec.replace(/:\d+$/, "");
    const column = columns.get(key.toLowerCase());
    if (!column) throw psError(`unknown user-defined format specifier ${JSON.stringify(key)}`);
    return title === undefined ? column : [title, column[1]];
  });
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function psError(text: string): Error {
  return system(`ps: error: ${text}`);
}
