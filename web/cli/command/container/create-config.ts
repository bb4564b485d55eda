import type { Cli } from "../../cli.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { checkIp } from "../../opts/checks.ts";
import { keyValues } from "../../opts/cut.ts";
import { environment, readPairs } from "../../opts/env-file.ts";
import { isMacAddress } from "../../opts/network.ts";
import { type PortSettings, parsePorts } from "../../opts/ports.ts";
import { splitVolumes } from "../../opts/volume.ts";
import { healthcheck } from "./health.ts";
import { hostConfig } from "./host-config.ts";
import { endpoints } from "./network-config.ts";

/** The body of POST /containers/create: Config's fields, HostConfig and NetworkingConfig. */
export interface CreateBody {
  Image: string;
  Tty: boolean;
  OpenStdin: boolean;
  StdinOnce?: boolean;
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  HostConfig: Record<string, unknown>;
  NetworkingConfig: { EndpointsConfig: Record<string, unknown> };
  [field: string]: unknown;
}

/**
 * What the flags and arguments of `run` and `create` ask for.
 * @throws Error with Docker's message when they contradict each other or cannot be read
 */
export async function createBody(cli: Cli, flags: ParsedFlags): Promise<CreateBody> {
  const [image = "", ...command] = flags.args;
  if (flags.changed("mac-address") && !isMacAddress(flags.string("mac-address"))) {
    throw new Error(`${flags.string("mac-address")} is not a valid mac address`);
  }
  const volumes = splitVolumes(flags.list("volume"), (path) => cli.resolvePath(path));
  const ports = parsePorts(flags.list("publish"), flags.list("expose"));
  const env = await environment(cli, flags.list("env-file"), flags.list("env"));
  const labels = await labelPairs(cli, flags);
  const host = await hostConfig(cli, flags, volumes.binds, ports);
  const body: CreateBody = {
    ...identity(flags, ports),
    ...attachment(flags),
    Env: env,
    Cmd: command.length > 0 ? command : null,
    Image: image,
    Volumes: volumes.anonymous,
    WorkingDir: flags.string("workdir"),
    Entrypoint: entrypoint(flags),
    Labels: keyValues(labels),
    HostConfig: host,
    NetworkingConfig: { EndpointsConfig: endpoints(flags) },
  };
  const health = healthcheck(flags);
  if (health) body.Healthcheck = health;
  if (flags.changed("stop-signal")) body.StopSignal = flags.string("stop-signal");
  if (flags.changed("stop-timeout")) body.StopTimeout = flags.int("stop-timeout");
  return body;
}

function identity(flags: ParsedFlags, ports: PortSettings): Record<string, unknown> {
  return {
    Hostname: flags.string("hostname"),
    Domainname: flags.string("domainname"),
    User: flags.string("user"),
    ...(Object.keys(ports.exposed).length > 0 && { ExposedPorts: ports.exposed }),
  };
}

/** Which streams the client attaches: those of `-a`, else stdout and stderr, and stdin with `-i`. */
function attachment(flags: ParsedFlags) {
  const attach = flags.list("attach");
  const open = flags.bool("interactive");
  const stdin = open || attach.includes("stdin");
  return {
    Tty: flags.bool("tty"),
    OpenStdin: open,
    AttachStdin: stdin,
    AttachStdout: attach.length === 0 || attach.includes("stdout"),
    AttachStderr: attach.length === 0 || attach.includes("stderr"),
    StdinOnce: open && stdin,
  };
}

function entrypoint(flags: ParsedFlags): string[] | null {
  if (!flags.changed("entrypoint")) return null;
  // An empty value resets the image's entry point.
  return [flags.string("entrypoint")];
}

async function labelPairs(cli: Cli, flags: ParsedFlags): Promise<string[]> {
  const pairs: string[] = [];
  for (const file of flags.list("label-file")) pairs.push(...(await readPairs(cli, file)));
  return [...pairs, ...flags.list("label")];
}

/** Warnings that the client itself adds to the engine's. */
export function localWarnings(flags: ParsedFlags): string[] {
  const local = flags.list("dns").find((address) => /^(127\.|::1$)/.test(checkIp(address)));
  return local ? [`Localhost DNS (${local}) may fail in containers.`] : [];
}
