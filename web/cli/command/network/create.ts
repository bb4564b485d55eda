import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { checkLabel } from "../../opts/checks.ts";
import { keyValues } from "../../opts/cut.ts";

export const createNetworkCommand: Command = {
  name: "create",
  use: "create [OPTIONS] NETWORK",
  short: "Create a network",
  flags: [
    { name: "attachable", type: "bool", usage: "Enable manual container attachment" },
    {
      name: "aux-address",
      type: "map",
      usage: "Auxiliary IPv4 or IPv6 addresses used by Network driver",
      default: "map[]",
    },
    { name: "config-from", type: "string", usage: "The network from which to copy the configuration" },
    { name: "config-only", type: "bool", usage: "Create a configuration only network" },
    { name: "driver", short: "d", type: "string", usage: "Driver to manage the Network", default: "bridge" },
    { name: "gateway", type: "strings", usage: "IPv4 or IPv6 Gateway for the master subnet" },
    { name: "ingress", type: "bool", usage: "Create swarm routing-mesh network" },
    { name: "internal", type: "bool", usage: "Restrict external access to the network" },
    { name: "ip-range", type: "strings", usage: "Allocate container ip from a sub-range" },
    { name: "ipam-driver", type: "string", usage: "IP Address Management Driver", default: "default" },
    { name: "ipam-opt", type: "map", usage: "Set IPAM driver specific options", default: "map[]" },
    { name: "ipv4", type: "bool", usage: "Enable or disable IPv4 address assignment", default: "true" },
    { name: "ipv6", type: "bool", usage: "Enable or disable IPv6 address assignment" },
    { name: "label", type: "list", usage: "Set metadata on a network", check: checkLabel },
    { name: "opt", short: "o", type: "map", usage: "Set driver specific options", default: "map[]" },
    { name: "scope", type: "string", usage: "Control the network's scope" },
    { name: "subnet", type: "strings", usage: "Subnet in CIDR format that represents a network segment" },
  ],
  args: { min: 1, max: 1 },
  complete: { kind: "none" },
  run: runCreate,
};

async function runCreate(cli: Cli, flags: ParsedFlags): Promise<void> {
  const from = flags.string("config-from");
  const { Id } = await cli.api.json<{ Id: string }>("POST", "/networks/create", {
    json: {
      Name: flags.args[0],
      Driver: flags.string("driver"),
      Scope: flags.string("scope"),
      ...(flags.changed("ipv4") && { EnableIPv4: flags.bool("ipv4") }),
      ...(flags.changed("ipv6") && { EnableIPv6: flags.bool("ipv6") }),
      IPAM: {
        Driver: flags.string("ipam-driver"),
        Options: keyValues(flags.list("ipam-opt")),
        Config: addressPools(flags),
      },
      Internal: flags.bool("internal"),
      Attachable: flags.bool("attachable"),
      Ingress: flags.bool("ingress"),
      ConfigOnly: flags.bool("config-only"),
      ConfigFrom: from === "" ? null : { Network: from },
      Options: keyValues(flags.list("opt")),
      Labels: keyValues(flags.list("label")),
    },
  });
  await cli.out.line(Id);
}

interface AddressPool {
  Subnet: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

/** Puts each range, gateway and auxiliary address to the subnet that holds it. */
function addressPools(flags: ParsedFlags): AddressPool[] {
  const [subnets, ranges, gateways] = [flags.list("subnet"), flags.list("ip-range"), flags.list("gateway")];
  if (subnets.length < ranges.length || subnets.length < gateways.length) {
    throw new CliError("every ip-range or gateway must have a corresponding subnet");
  }
  const overlaps = (a: string, b: string) => holds(a, b) || holds(b, a);
  if (subnets.some((subnet, index) => subnets.slice(0, index).some((other) => overlaps(subnet, other)))) {
    throw new CliError("multiple overlapping subnet configuration is not supported");
  }
  const pools = subnets.map((Subnet): AddressPool => ({ Subnet }));
  const holder = (address: string, what: string) => {
    const pool = pools.find(({ Subnet }) => holds(Subnet, address));
    if (!pool) throw new CliError(`no matching subnet for ${what} ${address}`);
    return pool;
  };
  for (const range of ranges) {
    const pool = holder(range, "range");
    if (pool.IPRange) {
      throw new CliError(
        `cannot configure multiple ranges (${range}, ${pool.IPRange}) on the same subnet (${pool.Subnet})`,
      );
    }
    pool.IPRange = range;
  }
  for (const gateway of gateways) {
    const pool = holder(gateway, "gateway");
    if (pool.Gateway) {
      throw new CliError(
        `cannot configure multiple gateways (${gateway}, ${pool.Gateway}) for the same subnet (${pool.Subnet})`,
      );
    }
    pool.Gateway = gateway;
  }
  for (const [name, address] of Object.entries(keyValues(flags.list("aux-address")))) {
    const pool = holder(address, "aux-address");
    pool.AuxiliaryAddresses = { ...pool.AuxiliaryAddresses, [name]: address };
  }
  return pools;
}

/** Whether an IPv4 address (or the start of a range) lies in a subnet; for IPv6 the engine decides. */
function holds(subnet: string, address: string): boolean {
  const [base = "", bits = ""] = subnet.split("/");
  if (!/^\d+$/.test(bits)) throw new CliError(`invalid subnet: invalid CIDR address: ${subnet}`);
  const host = address.split("/")[0] ?? "";
  if (base.includes(":") || host.includes(":")) return base.includes(":") === host.includes(":");
  const size = 2 ** (32 - Number(bits));
  return Math.floor(toNumber(base) / size) === Math.floor(toNumber(host) / size);
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
