import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { only, type ValueCompletion } from "../../flags/value-completion.ts";
import { containerNames } from "../../formatter/container.ts";
import { checkLink } from "../../opts/checks.ts";
import { cut } from "../../opts/cut.ts";

export const connectCommand: Command = {
  name: "connect",
  use: "connect [OPTIONS] NETWORK CONTAINER",
  short: "Connect a container to a network",
  flags: [
    { name: "alias", type: "strings", usage: "Add network-scoped alias for the container" },
    { name: "driver-opt", type: "strings", usage: "driver options for the network" },
    {
      name: "gw-priority",
      type: "int",
      usage: "Highest gw-priority provides the default gateway. Accepts positive and negative values.",
    },
    { name: "ip", type: "string", usage: 'IPv4 address (e.g., "172.30.100.104")' },
    { name: "ip6", type: "string", usage: 'IPv6 address (e.g., "2001:db8::33")' },
    { name: "link", type: "list", usage: "Add link to another container", check: checkLink },
    { name: "link-local-ip", type: "strings", usage: "Add a link-local address for the container" },
  ],
  args: { min: 2, max: 2 },
  complete: { kind: "networks", max: 1, rest: containersWhere((isConnected) => !isConnected) },
  run: runConnect,
};

export const disconnectCommand: Command = {
  name: "disconnect",
  use: "disconnect [OPTIONS] NETWORK CONTAINER",
  short: "Disconnect a container from a network",
  flags: [{ name: "force", short: "f", type: "bool", usage: "Force the container to disconnect from a network" }],
  args: { min: 2, max: 2 },
  complete: { kind: "networks", max: 1, rest: containersWhere((isConnected) => isConnected) },
  run: runDisconnect,
};

function containersWhere(isWanted: (isConnected: boolean) => boolean): ValueCompletion {
  return async (_, { args: [network = ""], containers }) => {
    const found = (await containers()).filter((each) => isWanted(network in (each.NetworkSettings?.Networks ?? {})));
    return only(found.flatMap(containerNames));
  };
}

async function runConnect(cli: Cli, flags: ParsedFlags): Promise<void> {
  const [network = "", container = ""] = flags.args;
  const options = flags.list("driver-opt").map((option) => {
    const [name, value, found] = cut(option, "=");
    if (!found || name.trim() === "") throw new Error("invalid key/value pair format in driver options");
    return [name.trim(), value.trim()] as const;
  });
  await cli.api.send("POST", `/networks${apiPath(network, "connect")}`, {
    json: {
      Container: container,
      EndpointConfig: {
        IPAMConfig: {
          IPv4Address: flags.string("ip"),
          IPv6Address: flags.string("ip6"),
          LinkLocalIPs: flags.list("link-local-ip"),
        },
        Links: flags.list("link"),
        Aliases: flags.list("alias"),
        DriverOpts: Object.fromEntries(options),
        GwPriority: flags.int("gw-priority"),
      },
    },
  });
}

async function runDisconnect(cli: Cli, flags: ParsedFlags): Promise<void> {
  const [network = "", container = ""] = flags.args;
  await cli.api.send("POST", `/networks${apiPath(network, "disconnect")}`, {
    json: { Container: container, Force: flags.bool("force") },
  });
}
