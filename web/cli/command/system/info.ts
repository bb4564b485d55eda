import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError, messageOf } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { Template } from "../../formatter/template/template.ts";
import { Struct, type Value } from "../../formatter/template/values.ts";
import { clientVersion } from "../../version.ts";
import { type EngineInfo, serverInfoLines } from "./info-lines.ts";

export const infoCommand: Command = {
  name: "info",
  use: "info [OPTIONS]",
  short: "Display system-wide information",
  aliases: ["docker system info", "docker info"],
  flags: [
    {
      name: "format",
      short: "f",
      type: "string",
      usage:
        "Format output using a custom template:\n'json':             Print in JSON format\n'TEMPLATE':         Print output using the given Go template.\nRefer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates",
    },
  ],
  category: "common",
  args: { max: 0 },
  complete: { kind: "none" },
  run: runInfo,
};

async function runInfo(cli: Cli, flags: ParsedFlags): Promise<void> {
  const format = flags.string("format");
  const template = parse(format === "json" ? "{{json .}}" : format);
  const info = await cli.api.json<EngineInfo>("GET", "/info");
  const client = { Debug: false, Version: clientVersion.version, Context: "default", Plugins: [], Warnings: null };
  if (template) {
    try {
      return await cli.out.write(render(template, { ...info, ClientInfo: client }));
    } finally {
      await cli.out.write("\n");
    }
  }
  const auth = await cli.config.auth("https://index.docker.io/v1/").catch(() => undefined);
  const lines = [
    `Client: ${clientVersion.platform}`,
    ` Version:    ${client.Version}`,
    ` Context:    ${client.Context}`,
    ` Debug Mode: ${client.Debug}`,
    "",
    "Server:",
    ...serverInfoLines(info, auth?.username ?? ""),
    "",
  ];
  await cli.out.line(lines.join("\n"));
  for (const warning of info.Warnings ?? []) await cli.err.line(warning);
}

function parse(format: string): Template | undefined {
  if (format === "") return undefined;
  try {
    return new Template(format);
  } catch (error) {
    throw new CliError(`template parsing error: ${messageOf(error)}`, 64, { cause: error });
  }
}

function render(template: Template, info: Record<string, unknown>): string {
  try {
    return template.execute(new Struct("system.dockerInfo", info as Record<string, Value>));
  } catch (error) {
    throw new CliError(messageOf(error), 1, { cause: error });
  }
}
