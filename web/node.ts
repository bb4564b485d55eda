import { isDataRootLocked } from "../worker/metadata/data-root-lock.node.ts";
import { rootCommand } from "./cli/commands.ts";
import { processContext } from "./cli/context.node.ts";
import type { CliContext } from "./cli/context.ts";
import { docker } from "./cli/docker.ts";
import { parseFlags } from "./cli/flags/parse.ts";
import { HttpEngineClient } from "./client/http.node.ts";
import { OwnEngine, ownDataRoot } from "./run/own-engine.node.ts";

const usage = `Usage:  wherry [serve] [OPTIONS]     Serve the page that runs containers in the browser
        wherry daemon [OPTIONS]      Run the engine, with dockerd's own flag names
        wherry [OPTIONS] COMMAND     Run a docker command, such as "wherry run -it debian"

Docker commands go to the engine that DOCKER_HOST or --host names. Without one they go to an engine of their own, which
starts in the background and ends when it had nothing to do for a while (WHERRY_IDLE_TIME, 5m).

See "wherry serve --help", "wherry daemon --help" and "wherry help".`;

/**
 * `wherry`: serves the page; `wherry daemon`: runs the engine; anything else is the docker command, which loads neither of the
 * two: it is typed, and run in loops.
 */
async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  if (command === "--help" || command === "-h") {
    console.log(usage);
    return 0;
  }
  if (command === "daemon") return (await import("../worker/node.ts")).daemon(rest);
  if (command === undefined || command === "serve") return serve(rest);
  if (command.startsWith("--") && !isDockerFlag(command)) return serve(argv);
  return runDocker(processContext(argv));
}

async function serve(argv: readonly string[]): Promise<number> {
  return (await import("./server/serve.node.ts")).serve(argv);
}

/** `wherry --port 8123` serves the page, `wherry --host unix:///... ps` is docker's. */
function isDockerFlag(word: string): boolean {
  const name = word.slice("--".length).replace(/=.*$/s, "");
  return (rootCommand({}).flags ?? []).some((flag) => flag.name === name);
}

async function runDocker(context: CliContext): Promise<number> {
  const named = namedHost(context) || context.env.DOCKER_HOST;
  if (named === undefined || named === "") {
    const engine = new OwnEngine({
      dataRoot: ownDataRoot(process.env),
      daemon: [process.execPath, process.argv[1] ?? "", "daemon"],
      idleTime: process.env.WHERRY_IDLE_TIME || "5m",
      isLocked: isDataRootLocked,
    });
    return docker(withHost(context, engine.host), engine);
  }
  let engine: HttpEngineClient;
  try {
    engine = new HttpEngineClient(named);
  } catch (error) {
    console.error(`Failed to initialize: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
  return docker(withHost(context, named), engine);
}

/** What `--host` says; a command line that does not parse is the command's to report. */
function namedHost(context: CliContext): string | undefined {
  try {
    return parseFlags(rootCommand(context.env).flags ?? [], context.argv, context, { interspersed: false }).list(
      "host",
    )[0];
  } catch {
    return undefined;
  }
}

function withHost(context: CliContext, host: string): CliContext {
  return { ...context, env: { ...context.env, DOCKER_HOST: host } };
}

process.exit(await main(process.argv.slice(2)));
