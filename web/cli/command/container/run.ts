import { regardless, toldElsewhere } from "../../../../worker/internal/failures.ts";
import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError, messageOf } from "../../errors.ts";
import { containerFlags } from "../../flags/container-flags.ts";
import type { Flag } from "../../flags/flag.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { type StreamEnd, streamHijacked } from "../../stream/hijack.ts";
import { followSize } from "../../stream/tty-size.ts";
import { checkTty, detachKeys, proxySignals } from "./attachment.ts";
import { configured, createContainer, withHelp } from "./create.ts";
import type { CreateBody } from "./create-config.ts";
import { endWith, waitForExit } from "./exit-wait.ts";

/** The flags that only `run` has. */
const runFlags: readonly Flag[] = [
  { name: "detach", short: "d", type: "bool", usage: "Run container in background and print container ID" },
  {
    name: "detach-keys",
    type: "string",
    usage: "Override the key sequence for detaching a container",
    complete: ["ctrl-"],
  },
  {
    name: "pull",
    type: "string",
    usage: 'Pull image before running ("always", "missing", "never")',
    default: "missing",
    complete: ["always", "missing", "never"],
  },
  { name: "sig-proxy", type: "bool", usage: "Proxy received signals to the process", default: "true" },
];

export const runCommand: Command = {
  name: "run",
  use: "run [OPTIONS] IMAGE [COMMAND] [ARG...]",
  short: "Create and run a new container from an image",
  aliases: ["docker container run", "docker run"],
  flags: [...runFlags, ...containerFlags],
  args: { min: 1 },
  interspersed: false,
  category: "common",
  complete: { kind: "images", max: 1 },
  run: runRun,
};

async function runRun(cli: Cli, flags: ParsedFlags): Promise<void> {
  const body = await configured(cli, flags, "run");
  if (flags.bool("detach")) {
    if (flags.changed("attach")) {
      throw new CliError("conflicting options: cannot specify both --attach and --detach");
    }
    Object.assign(body, { AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false });
  } else {
    checkTty(cli, body.AttachStdin, body.Tty);
  }
  const id = await orStatus(createContainer(cli, flags, body));
  const signals = flags.bool("sig-proxy") ? proxySignals(cli, id) : undefined;
  try {
    if (body.AttachStdin || body.AttachStdout || body.AttachStderr) await runAttached(cli, flags, id, body);
    else await runDetached(cli, flags, id);
  } finally {
    signals?.dispose();
  }
}

async function runDetached(cli: Cli, flags: ParsedFlags, id: string): Promise<void> {
  await cli.out.line(id);
  const removed = flags.bool("rm") ? await waitForExit(cli, id, "removed") : undefined;
  await start(cli, id, removed?.exitCode);
}

async function runAttached(cli: Cli, flags: ParsedFlags, id: string, body: CreateBody): Promise<void> {
  const keys = await detachKeys(cli, flags);
  const connection = await cli.api.upgrade(`/containers${apiPath(id, "attach")}`, {
    query: {
      stream: true,
      stdin: body.AttachStdin || undefined,
      stdout: body.AttachStdout || undefined,
      stderr: body.AttachStderr || undefined,
      detachKeys: keys || undefined,
    },
    signal: cli.context.signal,
  });
  const stop = new AbortController();
  const streams = streamHijacked(
    cli,
    {
      connection,
      tty: body.Tty,
      stdin: body.AttachStdin,
      stdout: body.AttachStdout ? cli.out : undefined,
      stderr: body.AttachStderr ? (body.Tty ? cli.out : cli.err) : undefined,
      detachKeys: keys,
    },
    AbortSignal.any([stop.signal, cli.context.signal]),
  );
  // It can fail (a closed pipe) before anyone waits for it.
  toldElsewhere(streams);
  const { exitCode } = await waitForExit(cli, id, flags.bool("rm") ? "removed" : "next-exit");
  try {
    await start(cli, id, flags.bool("rm") ? exitCode : undefined);
  } catch (error) {
    stop.abort();
    await regardless(streams);
    throw error;
  }
  const size = body.Tty && cli.out.isTerminal ? followSize(cli, { kind: "containers", id }) : undefined;
  try {
    const attachesOutput = body.AttachStdout || body.AttachStderr;
    endWith(await outcome(streams, exitCode, attachesOutput ? undefined : stop));
  } finally {
    size?.dispose();
  }
}

/** Waits for the streams and the exit code. Detaching is a success; without output, the end of the container is enough. */
async function outcome(
  streams: Promise<StreamEnd>,
  exitCode: Promise<number>,
  stopStreams: AbortController | undefined,
): Promise<number> {
  if (stopStreams) {
    const first = await Promise.race([streams, exitCode]);
    if (typeof first === "number") {
      stopStreams.abort();
      await regardless(streams);
      return first;
    }
  }
  return (await streams) === "detached" ? 0 : await exitCode;
}

/** @param removed awaited when the start fails, for the engine to take the container away */
async function start(cli: Cli, id: string, removed: Promise<number> | undefined): Promise<void> {
  try {
    await cli.api.send("POST", `/containers${apiPath(id, "start")}`, { signal: cli.context.signal });
  } catch (error) {
    await removed;
    throw statusError(error);
  }
}

async function orStatus<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw statusError(error);
  }
}

/** The exit codes of a container that could not be run: 127 nothing to execute, 126 not executable, 125 all else. */
function statusError(error: unknown): CliError {
  const message = messageOf(error);
  const text = withHelp(message, "run");
  if (/executable file not found|no such file or directory|system cannot find the file specified/.test(message)) {
    return new CliError(text, 127, { cause: error });
  }
  if (/permission denied|is a directory/.test(message)) return new CliError(text, 126, { cause: error });
  return new CliError(text, 125, { cause: error });
}
