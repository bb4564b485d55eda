import type { EngineApi } from "../../worker/api/engine-api.ts";
import { Cli } from "./cli.ts";
import { type CommandPath, checkArgs, findSubcommand, fullName, useLine } from "./command.ts";
import { rootCommand, versionLine } from "./commands.ts";
import { complete } from "./completion.ts";
import type { CliContext } from "./context.ts";
import { CliError, messageOf } from "./errors.ts";
import { FlagError, HelpRequested, type ParsedFlags, parseFlags } from "./flags/parse.ts";
import { defaultWidth, helpText } from "./help.ts";
import { OutputClosed } from "./output.ts";

const root: CommandPath = { command: rootCommand, parents: [] };

/** Exit code of a program that SIGPIPE ended. */
const brokenPipe = 141;

/**
 * Runs one `docker` command line against the engine.
 * @returns the exit code; all that is to be said went to the context's stdout and stderr
 */
export async function docker(context: CliContext, engine: EngineApi): Promise<number> {
  const cli = new Cli(context, engine);
  try {
    return await Promise.race([exitCode(cli), forcedExit(cli)]);
  } finally {
    await cli.release();
  }
}

async function forcedExit(cli: Cli): Promise<number> {
  await cli.insisted;
  if (cli.context.tty.stdin) await cli.context.setRaw(false);
  await cli.err.line("\ngot 3 SIGTERM/SIGINTs, forcefully exiting").catch(() => {});
  return 1;
}

async function exitCode(cli: Cli): Promise<number> {
  try {
    await dispatch(cli);
    return 0;
  } catch (thrown) {
    // An interruption shows up as whatever was cut short: its own reason says how to end.
    const error = cli.signal.aborted && cli.signal.reason instanceof CliError ? cli.signal.reason : thrown;
    if (error instanceof OutputClosed) return brokenPipe;
    if (cli.context.signal.aborted) return brokenPipe;
    const message = messageOf(error);
    if (message !== "") await cli.err.line(message).catch(() => {});
    return error instanceof CliError ? error.exitCode : 1;
  }
}

async function dispatch(cli: Cli): Promise<void> {
  const { argv } = cli.context;
  if (argv[0] === "__complete" || argv[0] === "__completeNoDesc") {
    await complete(cli, root, argv.slice(1), argv[0] === "__complete");
    return;
  }
  const globals = await parse(cli, root, argv, false);
  if (!globals) return;
  await applyGlobals(cli, globals);
  const [word, ...rest] = globals.args;
  if (globals.bool("version")) await cli.out.line(versionLine());
  else if (word === undefined) await cli.err.write(help(cli, root));
  else if (word === "help") await helpCommand(cli, rest);
  else await descend(cli, root, globals.args);
}

async function applyGlobals(cli: Cli, globals: ParsedFlags): Promise<void> {
  if (globals.changed("config")) cli.config.folder = cli.resolvePath(globals.string("config"));
  const level = globals.string("log-level");
  if (!["debug", "info", "warn", "error", "fatal", "trace", "panic", "warning"].includes(level)) {
    throw new CliError(`Unable to parse logging level: ${level}`);
  }
  for (const name of ["tls", "tlsverify"] as const) {
    if (globals.bool(name))
      throw new CliError(`docker: --${name} is not supported: the engine is not reached over TCP`);
  }
  const engine = cli.context.env.DOCKER_HOST || "unix:///var/run/docker.sock";
  if (globals.list("host").some((host) => host !== engine)) {
    throw new CliError("docker: --host is not supported: this command speaks to the engine that it was started for");
  }
  const context = globals.string("context");
  if (context !== "" && context !== "default") {
    throw new CliError(
      `Failed to initialize: unable to resolve docker endpoint: context ${JSON.stringify(context)}: context not found`,
    );
  }
}

async function descend(cli: Cli, from: CommandPath, words: readonly string[]): Promise<void> {
  const [word = "", ...rest] = words;
  const path = findSubcommand(from, word);
  if (!path) throw unknownCommand(from, word);
  if (!path.command.subcommands) return await runCommand(cli, path, rest);
  if (rest[0] !== undefined && !rest[0].startsWith("-")) return await descend(cli, path, rest);
  const parsed = await parse(cli, path, rest, false);
  if (!parsed) return;
  if (parsed.args.length > 0) return await descend(cli, path, parsed.args);
  await cli.err.write(help(cli, path));
}

function unknownCommand(parent: CommandPath, word: string): CliError {
  const name = fullName(parent);
  const usage = parent === root ? "" : `Usage:  ${useLine(parent)}\n\n`;
  return new CliError(`docker: unknown command: ${name} ${word}\n\n${usage}Run '${name} --help' for more information`);
}

async function runCommand(cli: Cli, path: CommandPath, words: readonly string[]): Promise<void> {
  const parsed = await parse(cli, path, words, path.command.interspersed ?? true);
  if (!parsed) return;
  checkArgs(path, parsed.args);
  await path.command.run?.(cli, parsed);
}

/** @returns nothing when help was asked for, and given */
async function parse(
  cli: Cli,
  path: CommandPath,
  words: readonly string[],
  interspersed: boolean,
): Promise<ParsedFlags | undefined> {
  try {
    const parsed = parseFlags(path.command.flags ?? [], words, cli.context, { interspersed });
    for (const note of parsed.notes) await cli.err.line(note);
    return parsed;
  } catch (error) {
    if (error instanceof HelpRequested) {
      if (error.shorthand) await cli.err.line("Flag shorthand -h has been deprecated, use --help");
      await cli.out.write(help(cli, path));
      return undefined;
    }
    if (!(error instanceof FlagError)) throw error;
    const usage = `Usage:  ${useLine(path)}\n\nRun '${fullName(path)} --help' for more information`;
    throw new CliError(`${error.message}\n\n${usage}`, 125, { cause: error });
  }
}

async function helpCommand(cli: Cli, words: readonly string[]): Promise<void> {
  let path = root;
  for (const word of words) {
    const next = findSubcommand(path, word);
    if (!next) throw new CliError(`unknown help topic: ${words.join(" ")}`);
    path = next;
  }
  await cli.out.write(help(cli, path));
}

function help(cli: Cli, path: CommandPath): string {
  const columns = cli.context.tty.stdin ? cli.context.size()?.columns : undefined;
  return helpText(path, columns || defaultWidth);
}
