import { csvFields, cut } from "./cut.ts";

/** One `--network`, with the settings of the flags that go with the first one. */
export interface NetworkAttachment {
  target: string;
  aliases: readonly string[];
  links: readonly string[];
  driverOpts: Record<string, string>;
  ip?: string;
  ip6?: string;
  macAddress?: string;
  linkLocalIps: readonly string[];
  gwPriority: number;
}

export function checkNetwork(value: string): string {
  parseNetwork(value);
  return value;
}

export function attachment(target: string): NetworkAttachment {
  return { target, aliases: [], links: [], driverOpts: {}, linkLocalIps: [], gwPriority: 0 };
}

/**
 * `NAME`, or `name=NAME,alias=A,ip=...`.
 * @throws Error with Docker's message
 */
export function parseNetwork(value: string): NetworkAttachment {
  if (!/\w+=\w+(,\w+=\w+)*/.test(value)) return attachment(value);
  const network = attachment("");
  for (const field of csvFields(value)) {
    const [key, text, found] = cut(field.toLowerCase(), "=");
    if (!found || key === "") throw new Error(`invalid field ${field}`);
    applyField(network, key.trim(), text.trim());
  }
  if (network.target === "") throw new Error("network name/id is not specified");
  return network;
}

function applyField(network: NetworkAttachment, key: string, text: string): void {
  switch (key) {
    case "name":
      network.target = text;
      break;
    case "alias":
      network.aliases = [...network.aliases, text];
      break;
    case "ip":
      network.ip = text;
      break;
    case "ip6":
      network.ip6 = text;
      break;
    case "mac-address":
      network.macAddress = text;
      break;
    case "link-local-ip":
      network.linkLocalIps = [...network.linkLocalIps, text];
      break;
    case "driver-opt": {
      const [name, option, found] = cut(text, "=");
      if (!found || name === "") throw new Error("invalid key value pair format in driver options");
      network.driverOpts[name.trim()] = option.trim();
      break;
    }
    case "gw-priority":
      if (!/^[+-]?\d+$/.test(text)) throw new Error(`invalid gw-priority (${text}): invalid syntax`);
      network.gwPriority = Number(text);
      break;
    default:
      throw new Error(`invalid field key ${key}`);
  }
}

export function isUserDefined(network: string): boolean {
  return !["default", "bridge", "host", "none"].includes(network) && !network.startsWith("container:");
}

/** The endpoint's settings as the API takes them; fields that were not given are left out. */
export function endpointSettings(network: NetworkAttachment): Record<string, unknown> {
  if (network.target.trim() === "") throw new Error("no name set for network");
  if (!isUserDefined(network.target)) {
    if (network.aliases.length > 0) {
      throw new Error("network-scoped aliases are only supported for user-defined networks");
    }
    if (network.links.length > 0) throw new Error("links are only supported for user-defined networks");
  }
  const settings: Record<string, unknown> = {};
  if (network.aliases.length > 0) settings.Aliases = network.aliases;
  if (Object.keys(network.driverOpts).length > 0) settings.DriverOpts = network.driverOpts;
  if (network.links.length > 0) settings.Links = network.links;
  if (network.ip || network.ip6 || network.linkLocalIps.length > 0) {
    settings.IPAMConfig = {
      ...(network.ip && { IPv4Address: network.ip }),
      ...(network.ip6 && { IPv6Address: network.ip6 }),
      ...(network.linkLocalIps.length > 0 && { LinkLocalIPs: network.linkLocalIps }),
    };
  }
  if (network.macAddress) {
    if (!isMacAddress(network.macAddress)) throw new Error(`${network.macAddress} is not a valid mac address`);
    settings.MacAddress = network.macAddress;
  }
  if (network.gwPriority !== 0) settings.GwPriority = network.gwPriority;
  return settings;
}

export function isMacAddress(text: string): boolean {
  return /^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(text.trim());
}
