import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import { CliError, exitWith, messageOf } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { OutputClosed } from "../../output.ts";

/** GET /containers/{id}/json, as far as the commands use it. */
export interface ContainerInspect {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Running: boolean; readonly Paused: boolean; readonly Restarting: boolean };
  readonly Config: { readonly Tty: boolean; readonly OpenStdin: boolean };
  readonly HostConfig: { readonly AutoRemove: boolean };
  readonly NetworkSettings: { readonly Ports?: Record<string, readonly PortBinding[] | null> | null };
}

interface PortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

export function inspectContainer(cli: Cli, container: string): Promise<ContainerInspect> {
  return cli.api.json<ContainerInspect>("GET", `/containers${apiPath(container, "json")}`);
}

/** The detach keys of `--detach-keys`, else those of the configuration. */
export async function detachKeys(cli: Cli, flags: ParsedFlags): Promise<string> {
  return flags.string("detach-keys") || (await cli.config.detachKeys());
}

/** @throws CliError when a container with a terminal is to be fed from something that is none */
export function checkTty(cli: Cli, attachesStdin: boolean, tty: boolean): void {
  if (attachesStdin && tty && !cli.context.tty.stdin) throw new CliError("the input device is not a TTY");
}

/** Passes signals on to the container until disposed. */
export function proxySignals(cli: Cli, id: string): { dispose(): void } {
  return cli.takeSignals((signal) => {
    // A container that is gone or not started yet gets no signal, as in Docker.
    cli.api
      .send("POST", `/containers${apiPath(id, "kill")}`, { query: { signal }, signal: cli.context.signal })
      .catch(() => {});
  });
}

interface WaitAnswer {
  readonly StatusCode: number;
  readonly Error?: { readonly Message?: string } | null;
}

/** A container's end that is waited for. */
export interface ExitWait {
  /** Settles with the exit code, 125 when it cannot be had; never rejects. */
  readonly exitCode: Promise<number>;
}

/**
 * Registers for the container's end. Resolves once the engine listens, which it says by answering the header at once, so that
 * a container that is started next cannot end unseen.
 */
export async function waitForExit(cli: Cli, id: string, condition: "next-exit" | "removed"): Promise<ExitWait> {
  const failed = async (text: string) => {
    await cli.err.line(text).catch(() => {});
    return 125;
  };
  const lost = (error: unknown) => failed(`error waiting for container: ${messageOf(error)}`);
  try {
    const response = await cli.api.request("POST", `/containers${apiPath(id, "wait")}`, {
      query: { condition },
      signal: cli.context.signal,
    });
    const answer = response.json() as Promise<WaitAnswer>;
    const read = (result: WaitAnswer) =>
      result.Error ? failed(`Error waiting for container: ${result.Error.Message ?? ""}`) : result.StatusCode;
    return { exitCode: answer.then(read, lost) };
  } catch (error) {
    return { exitCode: lost(error) };
  }
}

/** Ends the invocation with the container's exit code, when it is not 0. */
export function endWith(exitCode: number): void {
  if (exitCode !== 0) throw exitWith(exitCode);
}

/** Something that went wrong, and is told as it happens, but does not count. */
export class Forgiven extends Error {
  override readonly name = "Forgiven";
}

/** How many containers are worked on at the same time. */
const parallelism = 50;

/**
 * Does the same to each of the named things, at the same time, and tells in their order: the name that was given goes to
 * stdout where it worked.
 * @throws CliError that ends the invocation with 1 and says what failed
 */
export async function forEach(
  cli: Cli,
  names: readonly string[],
  operation: (name: string) => Promise<unknown>,
): Promise<void> {
  const errors: string[] = [];
  for (let start = 0; start < names.length; start += parallelism) {
    const batch = names.slice(start, start + parallelism);
    const outcomes = batch.map((name) => operation(name).then(() => undefined, asError));
    for (const [index, name] of batch.entries()) {
      const error = await outcomes[index];
      if (error instanceof Forgiven) await cli.err.line(error.message);
      else if (error) errors.push(error.message);
      else await cli.out.line(name);
    }
  }
  if (cli.signal.aborted) throw cli.signal.reason;
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}

/** As {@link forEach}, one after the other. */
export async function forEachInTurn(
  cli: Cli,
  names: readonly string[],
  operation: (name: string) => Promise<unknown>,
): Promise<void> {
  const errors: string[] = [];
  for (const name of names) {
    const error = await operation(name).then(() => undefined, asError);
    if (error instanceof OutputClosed) throw error;
    if (cli.signal.aborted) throw cli.signal.reason;
    if (error) errors.push(error.message);
    else await cli.out.line(name);
  }
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
