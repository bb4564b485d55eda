import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { checkEnv } from "../../opts/checks.ts";
import { environment } from "../../opts/env-file.ts";
import { streamHijacked } from "../../stream/hijack.ts";
import { followSize } from "../../stream/tty-size.ts";
import { checkTty, detachKeys, inspectContainer } from "./attachment.ts";
import { endWith } from "./exit-wait.ts";
import { consoleSize } from "./host-config.ts";

export const execCommand: Command = {
  name: "exec",
  use: "exec [OPTIONS] CONTAINER COMMAND [ARG...]",
  short: "Execute a command in a running container",
  aliases: ["docker container exec", "docker exec"],
  flags: [
    { name: "detach", short: "d", type: "bool", usage: "Detached mode: run command in the background" },
    { name: "detach-keys", type: "string", usage: "Override the key sequence for detaching a container" },
    {
      name: "env",
      short: "e",
      type: "list",
      usage: "Set environment variables",
      check: checkEnv,
      complete: "environment",
    },
    { name: "env-file", type: "list", usage: "Read in a file of environment variables" },
    { name: "interactive", short: "i", type: "bool", usage: "Keep STDIN open even if not attached" },
    { name: "privileged", type: "bool", usage: "Give extended privileges to the command" },
    { name: "tty", short: "t", type: "bool", usage: "Allocate a pseudo-TTY" },
    { name: "user", short: "u", type: "string", usage: 'Username or UID (format: "<name|uid>[:<group|gid>]")' },
    { name: "workdir", short: "w", type: "string", usage: "Working directory inside the container" },
  ],
  args: { min: 2 },
  interspersed: false,
  category: "common",
  complete: { kind: "containers", states: ["running"] },
  run: runExec,
};

async function runExec(cli: Cli, flags: ParsedFlags): Promise<void> {
  const [name = "", ...command] = flags.args;
  const detach = flags.bool("detach");
  const tty = flags.bool("tty");
  const stdin = !detach && flags.bool("interactive");
  const keys = await detachKeys(cli, flags);
  const env = await environment(cli, flags.list("env-file"), flags.list("env"));
  // A container that is not there is to be reported before anything about the terminal.
  await inspectContainer(cli, name);
  if (!detach) checkTty(cli, stdin, tty);
  const size = tty ? { ConsoleSize: consoleSize(cli) } : {};
  const { Id: id } = await cli.api.json<{ Id: string }>("POST", `/containers${apiPath(name, "exec")}`, {
    json: {
      User: flags.string("user"),
      Privileged: flags.bool("privileged"),
      Tty: tty,
      ...size,
      AttachStdin: stdin,
      AttachStderr: !detach,
      AttachStdout: !detach,
      Detach: detach,
      DetachKeys: keys,
      Env: env.length > 0 ? env : null,
      WorkingDir: flags.string("workdir"),
      Cmd: command,
    },
  });
  if (!id) throw new CliError("exec ID empty");
  const start = { Detach: detach, Tty: tty, ...size };
  if (detach) return await cli.api.send("POST", `/exec${apiPath(id, "start")}`, { json: start });
  const end = await attached(cli, id, { start, tty, stdin, keys });
  if (end === "interrupted") return;
  const { ExitCode: exitCode } = await cli.api.json<{ ExitCode: number | null }>("GET", `/exec${apiPath(id, "json")}`);
  endWith(exitCode ?? 0);
}

interface ExecStart {
  readonly start: Record<string, unknown>;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly keys: string;
}

/** @returns `interrupted` when a signal ended it, which leaves the process alone and is no failure of the command's */
async function attached(
  cli: Cli,
  id: string,
  { start, tty, stdin, keys }: ExecStart,
): Promise<"ended" | "interrupted"> {
  const connection = await cli.api.upgrade(`/exec${apiPath(id, "start")}`, { json: start });
  const size = tty && cli.context.tty.stdin ? followSize(cli, { kind: "exec", id }) : undefined;
  try {
    const stderr = tty ? cli.out : cli.err;
    const end = await streamHijacked(
      cli,
      { connection, tty, stdin, stdout: cli.out, stderr, detachKeys: keys },
      cli.signal,
    );
    if (end === "detached") throw new CliError("read escape sequence");
    return "ended";
  } catch (error) {
    if (!cli.signal.aborted || cli.context.signal.aborted) throw error;
    return "interrupted";
  } finally {
    size?.dispose();
  }
}
