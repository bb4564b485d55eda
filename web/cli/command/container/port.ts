import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { hostPort } from "../../formatter/ports.ts";
import { naturalOrder } from "../../formatter/text.ts";
import { cut } from "../../opts/cut.ts";
import { upStates } from "../../opts/names.ts";
import { inspectContainer } from "./attachment.ts";

export const portCommand: Command = {
  name: "port",
  use: "port CONTAINER [PRIVATE_PORT[/PROTO]]",
  short: "List port mappings or a specific mapping for the container",
  aliases: ["docker container port", "docker port"],
  args: { min: 1, max: 2 },
  complete: { kind: "containers", states: upStates },
  run: runPort,
};

async function runPort(cli: Cli, flags: ParsedFlags): Promise<void> {
  const [name = "", wanted = ""] = flags.args;
  const ports = (await inspectContainer(cli, name)).NetworkSettings.Ports ?? {};
  const lines: string[] = [];
  if (wanted === "") {
    for (const [port, bindings] of Object.entries(ports)) {
      for (const { HostIp, HostPort } of bindings ?? []) lines.push(`${port} -> ${hostPort(HostIp, HostPort)}`);
    }
  } else {
    const [port, protocol] = cut(wanted, "/");
    if (!/^\d+$/.test(port) || Number(port) > 65_535) {
      const reason = /^\d+$/.test(port) ? "value out of range" : "invalid syntax";
      throw new CliError(
        `Error: invalid port (${port}): strconv.ParseUint: parsing ${JSON.stringify(port)}: ${reason}`,
      );
    }
    const bindings = ports[`${port}/${protocol || "tcp"}`] ?? [];
    if (bindings.length === 0) throw new CliError(`Error: No public port '${wanted}' published for ${name}`);
    lines.push(...bindings.map(({ HostIp, HostPort }) => hostPort(HostIp, HostPort)));
  }
  lines.sort(naturalOrder);
  if (lines.length > 0) await cli.out.line(lines.join("\n"));
}
