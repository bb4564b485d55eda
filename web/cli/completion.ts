import type { Cli } from "./cli.ts";
import { type Command, type CommandPath, findSubcommand } from "./command.ts";
import type { Flag } from "./flags/flag.ts";
import {
  type Candidates,
  directives,
  files,
  type Lookup,
  nothing,
  type ObjectKind,
  only,
  open,
  type ValueCompletion,
} from "./flags/value-completion.ts";
import { type ContainerSummary, containerNames } from "./formatter/container.ts";
import type { ImageSummary } from "./formatter/image.ts";

/** cobra's names of the directives' bits, in its order. */
const directiveNames: readonly (readonly [number, string])[] = [
  [directives.error, "Error"],
  [directives.noSpace, "NoSpace"],
  [directives.noFileCompletion, "NoFileComp"],
  [directives.folders, "FilterDirs"],
];

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
  const names = directiveNames.filter(([bit]) => directive & bit).map(([, name]) => `ShellCompDirective${name}`);
  await cli.err.line(`Completion ended with directive: ${names.join(", ") || "ShellCompDirectiveDefault"}`);
}

async function candidates(cli: Cli, root: CommandPath, words: readonly string[]): Promise<Candidates> {
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? "";
  const followed = follow(root, before);
  const { path, args, pending, onlyArgs } = followed;
  const lookup = new EngineLookup(cli, followed);
  const offer = async (completion: ValueCompletion, typed: string) =>
    beginningWith(typed, await offered(cli, completion, typed, lookup));
  if (!onlyArgs && pending) return await offer(pending.complete ?? "files", last);
  const takesFlags = !onlyArgs && (args.length === 0 || (path.command.interspersed ?? true));
  if (takesFlags && last.startsWith("--") && last.includes("=")) {
    const flag = findLong(path.command, last.slice(2, last.indexOf("=")));
    return flag ? await offer(flag.complete ?? "files", last.slice(last.indexOf("=") + 1)) : files;
  }
  if (takesFlags && last.startsWith("-")) return beginningWith(last, only(flagCandidates(path.command)));
  if (path.command.subcommands) {
    return args.length === 0 ? beginningWith(last, only(commandCandidates(path.command, path === root))) : files;
  }
  const {
    kind,
    max = Number.POSITIVE_INFINITY,
    rest = "none",
    states,
    forceLiftsStates,
  } = path.command.complete ?? {
    kind: "files",
  };
  if (args.length >= max) return await offer(rest, last);
  const isForced = forceLiftsStates && before.some((word) => /^(--force|-[a-z]*f[a-z]*)$/.test(word));
  if (kind === "containers" && states && !isForced) return await offer(containersIn(states), last);
  return await offer(kind, last);
}

interface Followed {
  path: CommandPath;
  readonly args: string[];
  /** Values of flags by name, as far as they are a word of their own. */
  readonly values: Map<string, string>;
  /** A flag whose value comes next. */
  pending?: Flag;
  /** After `--`, or after the first argument of a command whose arguments are another's. */
  onlyArgs: boolean;
}

/** Walks the words that are complete, to see where the last one stands. */
function follow(root: CommandPath, words: readonly string[]): Followed {
  const at: Followed = { path: root, args: [], values: new Map(), onlyArgs: false };
  for (const word of words) {
    const { command } = at.path;
    if (at.pending) {
      at.values.set(at.pending.name, word);
      delete at.pending;
    } else if (at.onlyArgs) at.args.push(word);
    else if (word === "--") at.onlyArgs = true;
    else if (word.startsWith("-") && word !== "-") followFlag(at, word);
    else {
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

function followFlag(at: Followed, word: string): void {
  const { command } = at.path;
  const [name = ""] = word.slice(2).split("=", 1);
  if (word.includes("=")) {
    at.values.set(name, word.slice(word.indexOf("=") + 1));
    return;
  }
  const flag = word.startsWith("--")
    ? findLong(command, name)
    : command.flags?.find((each) => each.short === word.at(-1));
  if (flag && flag.type !== "bool") at.pending = flag;
}

function findLong(command: Command, name: string): Flag | undefined {
  return command.flags?.find((flag) => flag.name === name);
}

function flagCandidates(command: Command): string[] {
  return (command.flags ?? [])
    .filter((flag) => flag.hidden !== true && !flag.deprecated)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((flag) => {
      const usage = flag.usage.split("\n", 1)[0] ?? "";
      return [`--${flag.name}\t${usage}`, ...(flag.short ? [`-${flag.short}\t${usage}`] : [])];
    });
}

/** Those that help leaves out are offered too. */
function commandCandidates(group: Command, isRoot: boolean): string[] {
  const words = (group.subcommands ?? []).map((command) => `${command.name}\t${command.short}`);
  if (isRoot) words.push("help\tHelp about the command");
  return words.sort();
}

async function offered(cli: Cli, kind: ValueCompletion, typed: string, lookup: Lookup): Promise<Candidates> {
  if (kind === "files") return files;
  if (kind === "folders") return { words: [], directive: directives.folders };
  if (kind === "none") return nothing;
  if (kind === "environment") return only(Object.keys(cli.context.env).sort());
  try {
    if (typeof kind === "function") return await kind(typed, lookup);
    if (typeof kind === "string") return only(await lookup.names(kind));
  } catch {
    return { words: [], directive: directives.error };
  }
  return kind.every((word) => /[=-]$/.test(word)) ? open(kind) : only(kind);
}

function beginningWith(typed: string, { words, directive }: Candidates): Candidates {
  return { words: words.filter((word) => word.startsWith(typed)), directive };
}

function containersIn(states: readonly string[]): ValueCompletion {
  return async (_, lookup) => {
    const found = (await lookup.containers()).filter(({ State }) => states.includes(State));
    return only(found.flatMap(containerNames));
  };
}

class EngineLookup implements Lookup {
  readonly args: readonly string[];
  readonly #api: Cli["api"];
  readonly #values: ReadonlyMap<string, string>;

  constructor(cli: Cli, { args, values }: Followed) {
    this.args = args;
    this.#api = cli.api;
    this.#values = values;
  }

  readonly flag = (name: string): string | undefined => this.#values.get(name);

  readonly containers = async (): Promise<readonly ContainerSummary[]> =>
    await this.#api.json<ContainerSummary[]>("GET", "/containers/json", { query: { all: true } });

  readonly names = async (kind: ObjectKind): Promise<string[]> => {
    switch (kind) {
      case "containers":
        return (await this.containers()).flatMap(containerNames);
      case "images": {
        const images = await this.#api.json<ImageSummary[]>("GET", "/images/json");
        return images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => !name.startsWith("<none>"));
      }
      case "volumes": {
        const { Volumes } = await this.#api.json<{ Volumes: { Name: string }[] | null }>("GET", "/volumes");
        return (Volumes ?? []).map(({ Name }) => Name);
      }
      case "networks":
        return (await this.#api.json<{ Name: string }[]>("GET", "/networks")).map(({ Name }) => Name);
    }
  };
}
