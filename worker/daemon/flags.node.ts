import { realpathSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ListenAddress } from "../api/http.node.ts";
import type { LogLevel } from "../daemon.ts";
import { errorMessage, invalidParameter } from "../errdefs/errors.ts";
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
  const { values, positionals } = parse(argv);
  const defaults = defaultsFor(surroundings);
  if (values.help) {
    const text = usage.replace("DATA_ROOT", defaults.dataRoot).replace("HOST", defaults.host);
    return { kind: "help", text };
  }
  if (values.version) return { kind: "version" };
  if (positionals.length > 0) throw invalidParameter(`"wherry daemon" accepts no arguments.`);
  const hosts = (values.host.length > 0 ? values.host : [defaults.host]).map(parseHost);
  if (values["share-binds"] && hosts.some(({ kind }) => kind === "tcp"))
    throw invalidParameter(
      "conflicting options: --share-binds and -H tcp://: whoever reaches it could bind any folder",
    );
  return {
    kind: "run",
    flags: {
      hosts,
      dataRoot: resolve(surroundings.cwd, values["data-root"] ?? defaults.dataRoot),
      debug: values.debug,
      logLevel: parseLevel(values.debug ? "debug" : values["log-level"]),
      insecureRegistries: values["insecure-registry"],
      mirrors: values["registry-mirror"],
      bundledRegistry: !values["no-bundled-registry"],
      shares: parseShares(values.share, surroundings.cwd, realFolder),
      shareBinds: values["share-binds"],
      ...(values["exit-when-idle"] === undefined ? {} : { exitWhenIdle: parseIdleTime(values["exit-when-idle"]) }),
      ...(values.pidfile ? { pidfile: resolve(surroundings.cwd, values.pidfile) } : {}),
    },
  };
}

function parse(argv: readonly string[]) {
  const list = { type: "string", multiple: true, default: [] as string[] } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        host: { ...list, short: "H" },
        "data-root": { type: "string" },
        debug: { type: "boolean", short: "D", default: false },
        "log-level": { type: "string", short: "l", default: "info" },
        "insecure-registry": list,
        "registry-mirror": list,
        "no-bundled-registry": { type: "boolean", default: false },
        share: list,
        "share-binds": { type: "boolean", default: false },
        "exit-when-idle": { type: "string" },
        pidfile: { type: "string", short: "p" },
        version: { type: "boolean", short: "v", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    const unknown = /^Unknown option '(-{1,2})([^']*)'/.exec(errorMessage(error));
    if (!unknown) throw invalidParameter(errorMessage(error).split(".")[0] ?? "");
    throw invalidParameter(
      unknown[1] === "--"
        ? `unknown flag: --${unknown[2]}`
        : `unknown shorthand flag: '${unknown[2]}' in -${unknown[2]}`,
    );
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
