import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { hubServer } from "../../config-file.ts";
import { CliError, messageOf } from "../../errors.ts";
import { objectFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { objectTemplate } from "../../formatter/inspect.ts";
import { typedValue } from "../../formatter/inspect-types.ts";
import type { Template } from "../../formatter/template/template.ts";
import type { Value } from "../../formatter/template/values.ts";
import { clientVersion } from "../../version.ts";
import { type EngineInfo, serverInfoLines } from "./info-lines.ts";

export const infoCommand: Command = {
  name: "info",
  use: "info [OPTIONS]",
  short: "Display system-wide information",
  aliases: ["docker system info", "docker info"],
  flags: [objectFormatFlag],
  category: "common",
  args: { max: 0 },
  complete: { kind: "none" },
  run: runInfo,
};

async function runInfo(cli: Cli, flags: ParsedFlags): Promise<void> {
  const format = flags.string("format");
  const template = format === "" ? undefined : objectTemplate(format === "json" ? "{{json .}}" : format);
  const client = { Debug: false, Version: clientVersion.version, Context: "default", Plugins: [], Warnings: null };
  if (template) {
    try {
      const info = await engineInfo(cli);
      return await cli.out.write(render(template, { ...info, ClientInfo: client }));
    } finally {
      await cli.out.write("\n");
    }
  }
  await cli.out.line(`Client: ${clientVersion.platform}`);
  await cli.out.line(` Version:    ${client.Version}`);
  await cli.out.line(` Context:    ${client.Context}`);
  await cli.out.line(` Debug Mode: ${client.Debug}\n\nServer:`);
  const info = await engineInfo(cli);
  const auth = await cli.config.auth(hubServer);
  await cli.out.line([...serverInfoLines(info, auth?.username ?? ""), ""].join("\n"));
  for (const warning of info.Warnings ?? []) await cli.err.line(warning);
}

async function engineInfo(cli: Cli): Promise<EngineInfo> {
  return await cli.api.json<EngineInfo>("GET", "/info");
}

function render(template: Template, info: Record<string, unknown>): string {
  try {
    return template.execute(typedValue(info as Record<string, Value>, "system.dockerInfo"));
  } catch (error) {
    throw new CliError(messageOf(error), 1, { cause: error });
  }
}
