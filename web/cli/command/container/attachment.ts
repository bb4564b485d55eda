import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import { CliError } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";

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
