import { isIpAddress } from "./checks.ts";
import { cut } from "./cut.ts";

interface PortBinding {
  HostIp: string;
  HostPort: string;
}

/** What `-p` and `--expose` come to in POST /containers/create. */
export interface PortSettings {
  readonly exposed: Record<string, object>;
  readonly bindings: Record<string, PortBinding[]>;
}

/** @throws Error with Docker's message */
export function parsePorts(published: readonly string[], exposed: readonly string[]): PortSettings {
  const settings: PortSettings = { exposed: {}, bindings: {} };
  for (const value of published) addPublished(settings, standardNotation(value));
  for (const value of exposed) addExposed(settings, value);
  return settings;
}

/** `target=80,published=8080,protocol=tcp` as `8080:80/tcp`. */
function standardNotation(value: string): string {
  if (!value.includes("=")) return value;
  const parameters: Record<string, string> = { protocol: "tcp" };
  for (const part of value.split(",")) {
    const [name, text, found] = cut(part, "=");
    if (!found || name === "") {
      throw new Error(`invalid publish opts format (should be name=value but got '${part}')`);
    }
    parameters[name] = text;
  }
  return `${parameters.published ?? ""}:${parameters.target ?? ""}/${parameters.protocol ?? ""}`;
}

function addPublished(settings: PortSettings, value: string): void {
  const parts = value.split(":");
  const [containerPart, protocol] = splitProtocol(parts.at(-1) ?? "");
  const hostPart = parts.at(-2) ?? "";
  const address = parts.slice(0, -2).join(":");
  const ip = address.startsWith("[") && address.endsWith("]") ? address.slice(1, -1) : address;
  if (ip !== "" && !isIpAddress(ip)) throw new Error(`invalid IP address: ${ip}`);
  if (containerPart === "") throw new Error(`no port specified: ${value}<empty>`);
  const container = portRange(containerPart, `invalid containerPort: ${containerPart}`);
  const host = hostPart === "" ? undefined : portRange(hostPart, `invalid hostPort: ${hostPart}`);
  const span = container.end - container.start;
  if (host && host.end - host.start !== span && span > 0) {
    throw new Error(`invalid ranges specified for container and host Ports: ${containerPart} and ${hostPart}`);
  }
  if (!["tcp", "udp", "sctp"].includes(protocol)) throw new Error(`invalid proto: ${protocol}`);
  for (let offset = 0; offset <= span; offset++) {
    const port = `${container.start + offset}/${protocol}`;
    settings.exposed[port] = {};
    settings.bindings[port] ??= [];
    settings.bindings[port].push({ HostIp: ip, HostPort: hostPort(host, offset, span) });
  }
}

function hostPort(host: PortRange | undefined, offset: number, span: number): string {
  if (!host) return "";
  // A range of host ports for one container port leaves the choice to the engine.
  if (span === 0 && host.end > host.start) return `${host.start}-${host.end}`;
  return String(host.start + offset);
}

function addExposed(settings: PortSettings, value: string): void {
  if (value.includes(":")) throw new Error(`invalid port format for --expose: ${value}`);
  const [port, protocol] = splitProtocol(value);
  const isBackwards = /^\d+-\d+$/.test(port);
  const reason = isBackwards
    ? `invalid range specified for port: ${port}`
    : `strconv.ParseUint: parsing ${JSON.stringify(port)}: invalid syntax`;
  const range = portRange(port, `invalid range format for --expose: ${value}, error: ${reason}`);
  for (let each = range.start; each <= range.end; each++) settings.exposed[`${each}/${protocol}`] = {};
}

function splitProtocol(text: string): [port: string, protocol: string] {
  const [port, protocol] = cut(text, "/");
  return [port, protocol === "" ? "tcp" : protocol.toLowerCase()];
}

interface PortRange {
  readonly start: number;
  readonly end: number;
}

function portRange(text: string, message: string): PortRange {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const start = Number(match?.[1] ?? -1);
  const end = Number(match?.[2] ?? start);
  if (!match || start > 65_535 || end > 65_535 || end < start) throw new Error(message);
  return { start, end };
}
