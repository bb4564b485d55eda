import { regardless, toldElsewhere } from "../../../../worker/internal/failures.ts";
import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { streamHijacked } from "../../stream/hijack.ts";
import { followSize, resizeTo } from "../../stream/tty-size.ts";
import { type ContainerInspect, checkTty, detachKeys, inspectContainer, proxySignals } from "./attachment.ts";
import { endWith } from "./exit-wait.ts";

export const attachCommand: Command = {
  name: "attach",
  use: "attach [OPTIONS] CONTAINER",
  short: "Attach local standard input, output, and error streams to a running container",
  aliases: ["docker container attach", "docker attach"],
  flags: [
    { name: "detach-keys", type: "string", usage: "Override the key sequence for detaching a container" },
    { name: "no-stdin", type: "bool", usage: "Do not attach STDIN" },
    { name: "sig-proxy", type: "bool", usage: "Proxy all received signals to the process", default: "true" },
  ],
  args: { min: 1, max: 1 },
  complete: { kind: "containers", states: ["running"] },
  run: runAttach,
};

async function runAttach(cli: Cli, flags: ParsedFlags): Promise<void> {
  const name = flags.args[0] ?? "";
  const waiting = cli.api.request("POST", `/containers${apiPath(name, "wait")}`, { signal: cli.context.signal });
  toldElsewhere(waiting);
  const container = await attachable(cli, name);
  checkTty(cli, !flags.bool("no-stdin"), container.Config.Tty);
  const signals = flags.bool("sig-proxy") && !container.Config.Tty ? proxySignals(cli, name) : undefined;
  try {
    await attach(cli, flags, name, container);
    const exit = (await (await waiting).json()) as { StatusCode: number; Error?: { Message?: string } | null };
    if (exit.Error) throw new CliError(exit.Error.Message ?? "");
    endWith(exit.StatusCode);
  } finally {
    signals?.dispose();
  }
}

async function attach(cli: Cli, flags: ParsedFlags, name: string, container: ContainerInspect): Promise<void> {
  const keys = await detachKeys(cli, flags);
  const stdin = !flags.bool("no-stdin") && container.Config.OpenStdin;
  const connection = await cli.api.upgrade(`/containers${apiPath(name, "attach")}`, {
    query: { stream: true, stdin: stdin || undefined, stdout: true, stderr: true, detachKeys: keys || undefined },
    signal: cli.context.signal,
  });
  // It may have ended between the first look and the attach, which would wait for ever.
  await attachable(cli, name);
  const tty = container.Config.Tty;
  const size = tty && cli.out.isTerminal ? await redraw(cli, name) : undefined;
  try {
    const hijacked = { connection, tty, stdin, stdout: cli.out, stderr: cli.err, detachKeys: keys };
    const end = await streamHijacked(cli, hijacked, cli.signal);
    if (end === "detached") throw new CliError("read escape sequence");
  } finally {
    size?.dispose();
  }
}

/** A change of size makes a shell print its prompt again, so the terminal is one larger for a moment. */
async function redraw(cli: Cli, name: string): Promise<{ dispose(): void }> {
  const target = { kind: "containers", id: name } as const;
  const size = cli.context.size();
  if (size) await regardless(resizeTo(cli, target, { rows: size.rows + 1, columns: size.columns + 1 }));
  return followSize(cli, target);
}

async function attachable(cli: Cli, name: string): Promise<ContainerInspect> {
  const container = await inspectContainer(cli, name);
  const { State } = container;
  if (!State.Running) throw new CliError("You cannot attach to a stopped container, start it first");
  if (State.Paused) throw new CliError("You cannot attach to a paused container, unpause it first");
  if (State.Restarting) {
    throw new CliError("You cannot attach to a restarting container, wait until it is running");
  }
  return container;
}
