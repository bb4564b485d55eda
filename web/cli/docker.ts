import type { EngineApi } from "../../worker/api/engine-api.ts";
import { regardless } from "../../worker/internal/failures.ts";
import { Cli } from "./cli.ts";
import { type CommandPath, checkArgs, findSubcommand, fullName, useLine } from "./command.ts";
import { helpCommand, rootCommand, versionLine } from "./commands.ts";
import { complete } from "./completion.ts";
import type { CliContext } from "./context.ts";
import { Canceled, CliError, messageOf } from "./errors.ts";
import { FlagError, HelpRequested, type ParsedFlags, parseFlags } from "./flags/parse.ts";
import { defaultWidth, helpText } from "./help.ts";
import { type Output, OutputClosed } from "./output.ts";

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
  await regardless(cli.err.line("\ngot 3 SIGTERM/SIGINTs, forcefully exiting"));
  return 1;
}

async function exitCode(cli: Cli): Promise<number> {
  try {
    await dispatch(cli);
    return 0;
  } catch (thrown) {
    // An interruption shows up as whatever was cut short: its own reason says how to end.
    const isInterrupted = cli.signal.aborted && cli.signal.reason instanceof CliError;
    const error = isInterrupted && !(thrown instanceof Canceled) ? cli.signal.reason : thrown;
    if (error instanceof OutputClosed) return brokenPipe;
    if (cli.context.signal.aborted) return brokenPipe;
    const message = messageOf(error);
    if (message !== "") await regardless(cli.err.line(message));
    return error instanceof CliError ? error.exitCode : 1;
  }
}

async function dispatch(cli: Cli): Promise<void> {
  const { argv } = cli.context;
  const root: CommandPath = { command: rootCommand(cli.context.env), parents: [] };
  if (argv[0] === "__complete" || argv[0] === "__completeNoDesc") {
    await complete(cli, root, argv.slice(1), argv[0] === "__complete");
    return;
  }
  const globals = await parse(cli, root, argv, { interspersed: false, notes: cli.err });
  if (!globals) return;
  applyGlobals(cli, globals);
  const [word] = globals.args;
  const isKnown = word !== undefined && findSubcommand(root, word) !== undefined;
  if (globals.bool("version") && !isKnown) await cli.out.line(versionLine());
  else if (word === undefined) await cli.err.write(help(cli, root));
  else if (word === helpCommand.name) await showHelp(cli, root, globals.args.slice(1));
  else {
    checkConnection(cli, globals);
    await descend(cli, root, globals.args);
  }
}

function applyGlobals(cli: Cli, globals: ParsedFlags): void {
  if (globals.changed("config")) cli.config.folder = cli.resolvePath(globals.string("config"));
  const level = globals.string("log-level");
  if (!["debug", "info", "warn", "error", "fatal", "trace", "panic", "warning"].includes(level)) {
    throw new CliError(`Unable to parse logging level: ${level}`);
  }
}

/** Refuses what would have the command speak to another engine than the one it was started for. */
function checkConnection(cli: Cli, globals: ParsedFlags): void {
  for (const name of ["tls", "tlsverify"] as const) {
    if (globals.bool(name))
      throw new CliError(`docker: --${name} is not supported: the engine is not reached over TCP`);
  }
  const engine = cli.context.env.DOCKER_HOST || "unix:///var/run/docker.sock";
  if (globals.list("host").length > 1) {
    throw new CliError("Failed to initialize: unable to resolve docker endpoint: Specify only one -H");
  }
  if (globals.list("host").some((host) => host !== engine)) {
    throw new CliError("docker: --host is not supported: this command speaks to the engine that it was started for");
  }
  const context = globals.string("context") || (cli.context.env.DOCKER_HOST ? "" : cli.context.env.DOCKER_CONTEXT);
  if (context && context !== "default") {
    throw new CliError(
      `Failed to initialize: unable to resolve docker endpoint: context ${JSON.stringify(context)}: context not found`,
    );
  }
}

async function descend(cli: Cli, from: CommandPath, words: readonly string[]): Promise<void> {
  const [word = "", ...rest] = words;
  const path = findSubcommand(from, word);
  if (!path) {
    // Its flags are read as the group's.
    if (await parse(cli, from, rest)) throw unknownCommand(from, word);
    return;
  }
  if (!path.command.subcommands) return await runCommand(cli, path, rest);
  if (rest[0] !== undefined && !rest[0].startsWith("-")) return await descend(cli, path, rest);
  const parsed = await parse(cli, path, rest, { interspersed: false });
  if (!parsed) return;
  if (parsed.args.length > 0) return await descend(cli, path, parsed.args);
  if (path.command.run) return await path.command.run(cli, parsed);
  await cli.err.write(help(cli, path));
}

function unknownCommand(parent: CommandPath, word: string): CliError {
  const name = fullName(parent);
  const usage = parent.parents.length === 0 ? "" : `Usage:  ${useLine(parent)}\n\n`;
  return new CliError(`docker: unknown command: ${name} ${word}\n\n${usage}Run '${name} --help' for more information`);
}

async function runCommand(cli: Cli, path: CommandPath, words: readonly string[]): Promise<void> {
  const known = path.command.anyWords ? words.filter((word) => word === "--help" || word === "-h") : words;
  const parsed = await parse(cli, path, known, { interspersed: path.command.interspersed ?? true });
  if (!parsed) return;
  checkArgs(path, parsed.args);
  await path.command.run?.(cli, parsed);
}

interface ParseStep {
  readonly interspersed?: boolean;
  /** Where deprecations are told. */
  readonly notes?: Output;
}

/** @returns nothing when help was asked for, and given */
async function parse(
  cli: Cli,
  path: CommandPath,
  words: readonly string[],
  { interspersed = true, notes = cli.out }: ParseStep = {},
): Promise<ParsedFlags | undefined> {
  try {
    const parsed = parseFlags(path.command.flags ?? [], words, cli.context, { interspersed });
    for (const note of parsed.notes) await notes.line(note);
    for (const warning of parsed.warnings) await cli.err.warning(warning);
    return parsed;
  } catch (error) {
    if (error instanceof HelpRequested) {
      if (error.shorthand) await notes.line("Flag shorthand -h has been deprecated, use --help");
      await cli.out.write(help(cli, path));
      return undefined;
    }
    if (!(error instanceof FlagError)) throw error;
    const usage = `Usage:  ${useLine(path)}\n\nRun '${fullName(path)} --help' for more information`;
    throw new CliError(`${error.message}\n\n${usage}`, 125, { cause: error });
  }
}

/** `docker help [command]`. */
async function showHelp(cli: Cli, root: CommandPath, words: readonly string[]): Promise<void> {
  const own: CommandPath = { command: helpCommand, parents: [root.command.name] };
  const parsed = await parse(cli, own, words);
  if (!parsed) return;
  let path = root;
  for (const [index, word] of parsed.args.entries()) {
    const next = word === helpCommand.name && index === 0 ? own : findSubcommand(path, word);
    if (!next) throw new CliError(`unknown help topic: ${parsed.args.slice(index).join(" ")}`);
    path = next;
  }
  await cli.out.write(help(cli, path));
}

function help(cli: Cli, path: CommandPath): string {
  const columns = cli.context.tty.stdin ? cli.context.size()?.columns : undefined;
  return helpText(path, columns || defaultWidth);
}
