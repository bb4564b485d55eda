import { realpathSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ListenAddress } from "../api/http.node.ts";
import type { LogLevel } from "../daemon.ts";
import { errorMessage, invalidParameter } from "../errdefs/errors.ts";
import { parseBool } from "../internal/strconv.ts";
import { parseDuration } from "../internal/units/duration.ts";
import { parseShares, type ShareFolder } from "./share-folders.ts";

const usage = `Usage:  wherry daemon [OPTIONS]

Run the engine, with dockerd's own flag names

Options:
      --data-root string           Root directory of persistent state (default "DATA_ROOT")
  -D, --debug                      Enable debug mode
      --exit-when-idle duration    End when no container and no client has been there for so long, such as 5m
      --help                       Print usage
  -H, --host list                  Daemon socket(s) to connect to (default HOST)
      --insecure-registry list     Enable insecure registry communication
  -l, --log-level string           Set the logging level ("debug"|"info"|"warn"|"error") (default "info")
      --no-bundled-registry        Do not answer docker.io/library from the images that come with Wherry
  -p, --pidfile string             Path to use for daemon PID file
      --registry-mirror list       Preferred registry mirror
      --share list                 Folder of this machine that containers may bind, DIR[:ro]
      --share-binds                Share also what clients bind: for an engine on a unix socket of one user's own
  -v, --version                    Print version information and quit`;

export interface DaemonFlags {
  readonly hosts: readonly ListenAddress[];
  readonly dataRoot: string;
  readonly debug: boolean;
  readonly logLevel: LogLevel;
  readonly insecureRegistries: readonly string[];
  readonly mirrors: readonly string[];
  readonly bundledRegistry: boolean;
  readonly shares: readonly ShareFolder[];
  readonly shareBinds: boolean;
  readonly pidfile?: string;
  /** Milliseconds. */
  readonly exitWhenIdle?: number;
}

/** What a run of the program asks for. */
export type DaemonCommand =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly flags: DaemonFlags };

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly home: string;
  readonly cwd: string;
}

/** Parses the command line. Throws `InvalidParameter` with the sentence for the user. */
export function parseFlags(argv: readonly string[], surroundings: Surroundings): DaemonCommand {
  const given = parse(argv);
  const defaults = defaultsFor(surroundings);
  if (given.isOn("help")) {
    const text = usage.replace("DATA_ROOT", defaults.dataRoot).replace("HOST", defaults.host);
    return { kind: "help", text };
  }
  if (given.isOn("version")) return { kind: "version" };
  const named = given.all("host");
  const hosts = (named.length > 0 ? named : [defaults.host]).map(parseHost);
  if (given.isOn("share-binds") && hosts.some(({ kind }) => kind === "tcp"))
    throw invalidParameter(
      "conflicting options: --share-binds and -H tcp://: whoever reaches it could bind any folder",
    );
  const dataRoot = given.last("data-root") ?? defaults.dataRoot;
  if (dataRoot === "") throw invalidParameter('invalid value "" for --data-root: expected a folder');
  const [debug, idleTime, pidfile] = [given.isOn("debug"), given.last("exit-when-idle"), given.last("pidfile")];
  return {
    kind: "run",
    flags: {
      hosts,
      dataRoot: resolve(surroundings.cwd, dataRoot),
      debug,
      logLevel: parseLevel(debug ? "debug" : (given.last("log-level") ?? "info")),
      insecureRegistries: given.all("insecure-registry"),
      mirrors: given.all("registry-mirror"),
      bundledRegistry: !given.isOn("no-bundled-registry"),
      shares: parseShares(given.all("share"), surroundings.cwd, realFolder),
      shareBinds: given.isOn("share-binds"),
      ...(idleTime === undefined ? {} : { exitWhenIdle: parseIdleTime(idleTime) }),
      ...(pidfile ? { pidfile: resolve(surroundings.cwd, pidfile) } : {}),
    },
  };
}

const flags = {
  host: { type: "string", short: "H" },
  "data-root": { type: "string" },
  debug: { type: "boolean", short: "D" },
  "log-level": { type: "string", short: "l" },
  "insecure-registry": { type: "string" },
  "registry-mirror": { type: "string" },
  "no-bundled-registry": { type: "boolean" },
  share: { type: "string" },
  "share-binds": { type: "boolean" },
  "exit-when-idle": { type: "string" },
  pidfile: { type: "string", short: "p" },
  version: { type: "boolean", short: "v" },
  help: { type: "boolean" },
} as const satisfies Readonly<Record<string, Flag>>;

interface Flag {
  readonly type: "string" | "boolean";
  readonly short?: string;
}

type FlagName = keyof typeof flags;

/** What was given: every value of each flag, in order. */
class GivenFlags {
  readonly #values = new Map<FlagName, string[]>();

  add(name: FlagName, value: string): void {
    this.#values.set(name, [...this.all(name), value]);
  }

  all(name: FlagName): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** The last one counts. */
  last(name: FlagName): string | undefined {
    return this.all(name).at(-1);
  }

  isOn(name: FlagName): boolean {
    return this.last(name) === "true";
  }
}

/** Reads a command line as dockerd does: `--flag value`, `--flag=value`, `-Fvalue`, `-F=value`, `--switch=false`. */
function parse(argv: readonly string[]): GivenFlags {
  const given = new GivenFlags();
  const { tokens } = parseArgs({ args: [...argv], options: flags, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === "positional") throw invalidParameter(`"wherry daemon" accepts no arguments.`);
    if (token.kind !== "option") continue;
    const { rawName, inlineValue } = token;
    if (!isFlagName(token.name)) throw unknownFlag(rawName, argv[token.index] ?? rawName);
    const isShort = !rawName.startsWith("--");
    const value = isShort && inlineValue ? token.value.replace(/^=/, "") : token.value;
    if (flags[token.name].type === "boolean") given.add(token.name, String(switched(token.name, value ?? "true")));
    else if (value !== undefined) given.add(token.name, value);
    else throw invalidParameter(`flag needs an argument: ${isShort ? `'${rawName.slice(1)}' in ${rawName}` : rawName}`);
  }
  return given;
}

function isFlagName(name: string): name is FlagName {
  return Object.hasOwn(flags, name);
}

function unknownFlag(rawName: string, argument: string) {
  return invalidParameter(
    rawName.startsWith("--")
      ? `unknown flag: ${rawName}`
      : `unknown shorthand flag: '${rawName.slice(1)}' in ${argument}`,
  );
}

function switched(name: FlagName, value: string): boolean {
  try {
    return parseBool(value);
  } catch (error) {
    const { short }: Flag = flags[name];
    const shown = `${short === undefined ? "" : `-${short}, `}--${name}`;
    throw invalidParameter(`invalid argument ${JSON.stringify(value)} for "${shown}" flag: ${errorMessage(error)}`);
  }
}

function defaultsFor({ env, uid, home }: Surroundings): { readonly host: string; readonly dataRoot: string } {
  if (uid === 0) return { host: "unix:///var/run/docker.sock", dataRoot: "/var/lib/wherry" };
  const runtime = env.XDG_RUNTIME_DIR ?? "/tmp";
  const data = env.XDG_DATA_HOME && isAbsolute(env.XDG_DATA_HOME) ? env.XDG_DATA_HOME : join(home, ".local/share");
  return { host: `unix://${join(runtime, "docker.sock")}`, dataRoot: join(data, "wherry") };
}

/** As dockerd's `-H`: `unix://[PATH]`, `tcp://[HOST][:PORT]`, or either without its scheme. */
export function parseHost(value: string): ListenAddress {
  const text = value.trim();
  const unix = /^unix:\/\/(.*)$/.exec(text);
  if (unix) return { kind: "unix", path: unix[1] || "/var/run/docker.sock" };
  if (text.startsWith("/")) return { kind: "unix", path: text };
  const tcp = /^(?:tcp:\/\/)?(\[[0-9a-fA-F:.]+\]|[^:/[\]]*)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(tcp?.[2] ?? 2375);
  if (!tcp || text === "" || port > 65_535) {
    throw invalidParameter(
      `invalid value ${JSON.stringify(value)} for flag -H: expected unix://PATH or tcp://HOST:PORT`,
    );
  }
  return { kind: "tcp", host: (tcp[1] || "localhost").replace(/^\[|\]$/g, ""), port };
}

function parseLevel(value: string): LogLevel {
  if (value === "debug" || value === "info" || value === "warn" || value === "error") return value;
  throw invalidParameter(`invalid logging level: ${value}`);
}

/** Milliseconds of a duration as Go writes them. */
function parseIdleTime(value: string): number {
  const invalid = (reason: string) =>
    invalidParameter(`invalid argument ${JSON.stringify(value)} for "--exit-when-idle" flag: ${reason}`);
  let nanoseconds: number;
  try {
    nanoseconds = parseDuration(value);
  } catch (error) {
    throw invalid(errorMessage(error));
  }
  if (nanoseconds <= 0) throw invalid("expected a time such as 5m");
  return nanoseconds / 1e6;
}

/** A folder that is not there is refused when it is to be shared. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
