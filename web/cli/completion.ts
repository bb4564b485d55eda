import type { Cli } from "./cli.ts";
import { type Command, type CommandPath, findSubcommand } from "./command.ts";
import type { Flag, ValueCompletion } from "./flags/flag.ts";
import type { ContainerSummary } from "./formatter/container.ts";
import type { ImageSummary } from "./formatter/image.ts";

/** What the shell is to do with the candidates, as cobra's completion scripts understand it. */
const directives = { default: 0, error: 1, noSpace: 2, noFileCompletion: 4 } as const;

const directiveNames: Readonly<Record<number, string>> = {
  0: "ShellCompDirectiveDefault",
  1: "ShellCompDirectiveError",
  2: "ShellCompDirectiveNoSpace",
  4: "ShellCompDirectiveNoFileComp",
};

interface Candidates {
  /** A candidate, or a candidate and its description behind a tab. */
  readonly words: readonly string[];
  readonly directive: number;
}

const nothing: Candidates = { words: [], directive: directives.noFileCompletion };

/**
 * `docker __complete WORDS... LAST`: prints the candidates for the last word, one a line, and then `:DIRECTIVE`.
 * @param descriptions print what each candidate is, behind a tab
 */
export async function complete(
  cli: Cli,
  root: CommandPath,
  words: readonly string[],
  descriptions: boolean,
): Promise<void> {
  const { words: found, directive } = await candidates(cli, root, words);
  const shown = descriptions ? found : found.map((word) => word.split("\t", 1)[0] ?? "");
  await cli.out.write(`${shown.map((word) => `${word}\n`).join("")}:${directive}\n`);
  await cli.err.line(`Completion ended with directive: ${directiveNames[directive] ?? directive}`);
}

async function candidates(cli: Cli, root: CommandPath, words: readonly string[]): Promise<Candidates> {
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? "";
  const { path, args, pending, onlyArgs } = follow(root, before);
  if (!onlyArgs && pending) return await valueCandidates(cli, pending, last);
  const takesFlags = !onlyArgs && (args.length === 0 || (path.command.interspersed ?? true));
  if (takesFlags && last.startsWith("--") && last.includes("=")) {
    const flag = findLong(path.command, last.slice(2, last.indexOf("=")));
    if (!flag) return nothing;
    return await valueCandidates(cli, flag, last.slice(last.indexOf("=") + 1));
  }
  if (takesFlags && last.startsWith("-")) return flagCandidates(path.command, last);
  if (path.command.subcommands) {
    return args.length === 0 ? commandCandidates(path.command, last, path === root) : nothing;
  }
  const complete: NonNullable<Command["complete"]> = path.command.complete ?? { kind: "none" };
  const { kind, max = Number.POSITIVE_INFINITY, rest } = complete;
  if (args.length >= max && rest) return await kindCandidates(cli, rest, last, undefined, args);
  if (args.length >= max) return path.command.interspersed === false ? { words: [], directive: 0 } : nothing;
  const isForced = before.some((word) => /^(--force|-[a-z]*f[a-z]*)$/.test(word));
  const states = complete.forceLiftsStates && isForced ? undefined : complete.states;
  return await kindCandidates(cli, kind, last, states, args);
}

interface Followed {
  path: CommandPath;
  readonly args: string[];
  /** A flag whose value comes next. */
  pending?: Flag;
  /** After `--`, or after the first argument of a command whose arguments are another's. */
  onlyArgs: boolean;
}

/** Walks the words that are complete, to see where the last one stands. */
function follow(root: CommandPath, words: readonly string[]): Followed {
  const at: Followed = { path: root, args: [], onlyArgs: false };
  for (const word of words) {
    const { command } = at.path;
    if (at.pending) delete at.pending;
    else if (at.onlyArgs) at.args.push(word);
    else if (word === "--") at.onlyArgs = true;
    else if (word.startsWith("-") && word !== "-") {
      const flag = awaitsValue(command, word);
      if (flag) at.pending = flag;
    } else {
      const next = command.subcommands && at.args.length === 0 ? findSubcommand(at.path, word) : undefined;
      if (next) at.path = next;
      else {
        at.args.push(word);
        if (command.interspersed === false) at.onlyArgs = true;
      }
    }
  }
  return at;
}

function findLong(command: Command, name: string): Flag | undefined {
  return command.flags?.find((flag) => flag.name === name);
}

function awaitsValue(command: Command, word: string): Flag | undefined {
  if (word.includes("=")) return undefined;
  const flag = word.startsWith("--")
    ? findLong(command, word.slice(2))
    : command.flags?.find((each) => each.short === word.at(-1));
  return flag && flag.type !== "bool" ? flag : undefined;
}

function flagCandidates(command: Command, last: string): Candidates {
  const flags = [...(command.flags ?? [])].filter((flag) => !flag.hidden && !flag.deprecated && flag.name !== "help");
  const words = flags
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((flag) => {
      const usage = flag.usage.split("\n", 1)[0] ?? "";
      return [`--${flag.name}\t${usage}`, ...(flag.short ? [`-${flag.short}\t${usage}`] : [])];
    })
    .filter((word) => word.startsWith(last));
  return { words, directive: directives.noFileCompletion };
}

function commandCandidates(group: Command, last: string, isRoot: boolean): Candidates {
  const words = (group.subcommands ?? [])
    .filter((command) => !command.hidden && command.name.startsWith(last))
    .map((command) => `${command.name}\t${command.short}`);
  if (isRoot && "help".startsWith(last)) words.push("help\tHelp about the command");
  return { words: words.sort(), directive: directives.noFileCompletion };
}

async function valueCandidates(cli: Cli, flag: Flag, last: string): Promise<Candidates> {
  return await kindCandidates(cli, flag.complete ?? "files", last, undefined, []);
}

async function kindCandidates(
  cli: Cli,
  kind: ValueCompletion,
  last: string,
  states: readonly string[] | undefined,
  taken: readonly string[],
): Promise<Candidates> {
  if (kind === "files") return { words: [], directive: directives.default };
  if (kind === "none") return nothing;
  if (kind === "environment") return filtered(Object.keys(cli.context.env).sort(), last, taken);
  if (typeof kind !== "string") return filtered(kind, last, taken);
  try {
    return filtered(await objectNames(cli, kind, states), last, taken);
  } catch {
    return { words: [], directive: directives.error };
  }
}

function filtered(words: readonly string[], last: string, taken: readonly string[]): Candidates {
  const open = words.filter((word) => word.startsWith(last) && !taken.includes(word));
  // What ends with one of these goes on.
  const goesOn = words.length > 0 && words.every((word) => /[=:-]$/.test(word));
  return { words: open, directive: goesOn ? directives.noSpace : directives.noFileCompletion };
}

async function objectNames(
  cli: Cli,
  kind: Exclude<ValueCompletion, readonly string[] | "none" | "files" | "environment">,
  states: readonly string[] | undefined,
): Promise<string[]> {
  switch (kind) {
    case "containers": {
      const containers = await cli.api.json<ContainerSummary[]>("GET", "/containers/json", { query: { all: true } });
      return containers
        .filter(({ State }) => states?.includes(State) ?? true)
        .flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, "")));
    }
    case "images": {
      const images = await cli.api.json<ImageSummary[]>("GET", "/images/json");
      return images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => !name.startsWith("<none>"));
    }
    case "volumes": {
      const { Volumes } = await cli.api.json<{ Volumes: { Name: string }[] | null }>("GET", "/volumes");
      return (Volumes ?? []).map(({ Name }) => Name);
    }
    case "networks":
      return (await cli.api.json<{ Name: string }[]>("GET", "/networks")).map(({ Name }) => Name);
  }
}
