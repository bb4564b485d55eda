import { regardless, toldElsewhere } from "../../../../worker/internal/failures.ts";
import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError, messageOf } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { OutputClosed } from "../../output.ts";
import { streamHijacked } from "../../stream/hijack.ts";
import { followSize } from "../../stream/tty-size.ts";
import { type ContainerInspect, detachKeys, inspectContainer, proxySignals } from "./attachment.ts";
import { endWith, waitForExit } from "./exit-wait.ts";

export const startCommand: Command = {
  name: "start",
  use: "start [OPTIONS] CONTAINER [CONTAINER...]",
  short: "Start one or more stopped containers",
  aliases: ["docker container start", "docker start"],
  flags: [
    { name: "attach", short: "a", type: "bool", usage: "Attach STDOUT/STDERR and forward signals" },
    { name: "detach-keys", type: "string", usage: "Override the key sequence for detaching a container" },
    { name: "interactive", short: "i", type: "bool", usage: "Attach container's STDIN" },
  ],
  args: { min: 1 },
  complete: { kind: "containers", states: ["exited", "created"] },
  run: runStart,
};

async function runStart(cli: Cli, flags: ParsedFlags): Promise<void> {
  if (!flags.bool("attach") && !flags.bool("interactive")) return await startAll(cli, flags.args);
  if (flags.args.length > 1) throw new CliError("you cannot start and attach multiple containers at once");
  const container = await inspectContainer(cli, flags.args[0] ?? "");
  const signals = container.Config.Tty ? undefined : proxySignals(cli, container.Id);
  try {
    await startAttached(cli, flags, container);
  } finally {
    signals?.dispose();
  }
}

async function startAll(cli: Cli, names: readonly string[]): Promise<void> {
  const failed: string[] = [];
  for (const name of names) {
    try {
      await cli.api.send("POST", `/containers${apiPath(name, "start")}`);
      await cli.out.line(name);
    } catch (error) {
      if (error instanceof OutputClosed || cli.signal.aborted) throw error;
      await cli.err.line(messageOf(error));
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new CliError(`Error: failed to start containers: ${failed.join(", ")}`);
}

async function startAttached(cli: Cli, flags: ParsedFlags, container: ContainerInspect): Promise<void> {
  const { Id: id, Config: config, HostConfig: host } = container;
  const keys = await detachKeys(cli, flags);
  const stdin = flags.bool("interactive") && config.OpenStdin;
  const connection = await cli.api.upgrade(`/containers${apiPath(id, "attach")}`, {
    query: { stream: true, stdin: stdin || undefined, stdout: true, stderr: true, detachKeys: keys || undefined },
    signal: cli.context.signal,
  });
  const stop = new AbortController();
  const streams = streamHijacked(
    cli,
    { connection, tty: config.Tty, stdin, stdout: cli.out, stderr: cli.err, detachKeys: keys },
    AbortSignal.any([stop.signal, cli.signal]),
  );
  // It can fail (a closed pipe) before anyone waits for it.
  toldElsewhere(streams);
  const { exitCode } = await waitForExit(cli, id, host.AutoRemove ? "removed" : "next-exit");
  try {
    await cli.api.send("POST", `/containers${apiPath(id, "start")}`);
  } catch (error) {
    stop.abort();
    await regardless(streams);
    if (host.AutoRemove) await exitCode;
    throw error;
  }
  const size = config.Tty && cli.out.isTerminal ? followSize(cli, { kind: "containers", id }) : undefined;
  try {
    if ((await streams) === "ended") endWith(await exitCode);
  } finally {
    size?.dispose();
  }
}
