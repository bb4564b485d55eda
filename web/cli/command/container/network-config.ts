import type { ParsedFlags } from "../../flags/parse.ts";
import {
  attachment,
  endpointSettings,
  isUserDefined,
  type NetworkAttachment,
  parseNetwork,
} from "../../opts/network.ts";

/** HostConfig.NetworkMode: the first `--network`. */
export function networkMode(flags: ParsedFlags): string {
  const [first] = flags.list("network");
  return first === undefined ? "default" : parseNetwork(first).target;
}

/** NetworkingConfig.EndpointsConfig of the `--network` flags and those that describe the first network's endpoint. */
export function endpoints(flags: ParsedFlags): Record<string, unknown> {
  const networks = flags.list("network").map(parseNetwork);
  if (networks.length === 0) return { default: endpointSettings(withFlags(attachment("default"), flags)) };
  const found: Record<string, unknown> = {};
  for (const [index, network] of networks.entries()) {
    const settings = endpointSettings(index === 0 ? withFlags(network, flags) : network);
    if (found[network.target]) throw new Error(`network ${JSON.stringify(network.target)} is specified multiple times`);
    // The engine makes a plain endpoint of the only network by itself.
    if (networks.length === 1 && Object.keys(settings).length === 0) continue;
    found[network.target] = settings;
  }
  const userDefined = networks.filter((network) => isUserDefined(network.target)).length;
  if (userDefined > 0 && userDefined < networks.length) {
    throw new Error("conflicting options: cannot attach both user-defined and non-user-defined network-modes");
  }
  return found;
}

function withFlags(network: NetworkAttachment, flags: ParsedFlags): NetworkAttachment {
  const conflict = (flag: string, what: string) =>
    new Error(`conflicting options: cannot specify both --${flag} and per-network ${what}`);
  const aliases = flags.list("network-alias");
  const links = flags.list("link");
  const linkLocalIps = flags.list("link-local-ip");
  const ip = flags.string("ip");
  const ip6 = flags.string("ip6");
  const macAddress = flags.string("mac-address");
  if (network.aliases.length > 0 && aliases.length > 0) throw conflict("network-alias", "alias");
  if (network.links.length > 0 && links.length > 0) throw conflict("link", "links");
  if (network.ip && ip) throw conflict("ip", "IPv4 address");
  if (network.ip6 && ip6) throw conflict("ip6", "IPv6 address");
  if (network.macAddress && macAddress) throw conflict("mac-address", "MAC address");
  if (network.linkLocalIps.length > 0 && linkLocalIps.length > 0) {
    throw conflict("link-local-ip", "link-local IP addresses");
  }
  return {
    ...network,
    ...(aliases.length > 0 && { aliases }),
    // On the default bridge `--link` is the old kind of link, which is no setting of the endpoint.
    ...(links.length > 0 && isUserDefined(network.target) && { links }),
    ...(ip && { ip }),
    ...(ip6 && { ip6 }),
    ...(macAddress && { macAddress }),
    ...(linkLocalIps.length > 0 && { linkLocalIps }),
  };
}
