import type { Cli } from "../../cli.ts";
import { apiVersion } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError, messageOf } from "../../errors.ts";
import { objectFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { objectTemplate } from "../../formatter/inspect.ts";
import { ApiStruct } from "../../formatter/inspect-types.ts";
import { tabulate } from "../../formatter/tabulate.ts";
import type { Template } from "../../formatter/template/template.ts";
import { Struct, type Value } from "../../formatter/template/values.ts";
import { clientVersion } from "../../version.ts";

export const versionCommand: Command = {
  name: "version",
  use: "version [OPTIONS]",
  short: "Show the Docker version information",
  flags: [objectFormatFlag],
  category: "common",
  args: { max: 0 },
  complete: { kind: "none" },
  run: runVersion,
};

interface Component {
  readonly Name: string;
  readonly Version: string;
  readonly Details?: Readonly<Record<string, string>> | null;
}

/** GET /version. */
interface ServerVersion {
  readonly Platform?: { readonly Name: string };
  readonly Components?: readonly Component[];
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
  readonly [field: string]: unknown;
}

/** @param version of the API that is spoken */
function client(version: string) {
  return {
    Platform: { Name: clientVersion.platform },
    Version: clientVersion.version,
    ApiVersion: version,
    DefaultAPIVersion: apiVersion,
    Os: "linux",
    Arch: "386",
    Context: "default",
  };
}

async function runVersion(cli: Cli, flags: ParsedFlags): Promise<void> {
  const format = flags.string("format");
  const template = format === "" || format === "json" ? undefined : objectTemplate(format, "version");
  let server: ServerVersion | undefined;
  let failure: unknown;
  try {
    server = withReadableTimes(await cli.api.json<ServerVersion>("GET", "/version"));
  } catch (error) {
    failure = error;
  }
  if (format === "json")
    await cli.out.line(JSON.stringify({ Client: client(cli.api.version), Server: server ?? null }));
  else if (template) await renderTo(cli, template, server);
  else await cli.out.line(tabulate(plain(client(cli.api.version), server), { minWidth: 20, padding: 1 }));
  if (failure) throw failure;
}

/** The parts that the server is made of say when they were built in words for people. */
function withReadableTimes({ Platform, ...server }: ServerVersion): ServerVersion {
  const components = (server.Components ?? []).map(({ Details, ...component }) => ({
    ...component,
    ...(Details && {
      Details: Object.fromEntries(
        Object.entries(Details).map(([key, value]) => [key, key === "BuildTime" ? buildTime(value) : value]),
      ),
    }),
  }));
  const { Components: _, ...fields } = server;
  return { Platform: { Name: Platform?.Name ?? "" }, Components: components, ...fields };
}

/** Ends the line in any case, also when the template does not fit. */
async function renderTo(cli: Cli, template: Template, server: ServerVersion | undefined): Promise<void> {
  try {
    await cli.out.write(render(template, client(cli.api.version), server));
  } finally {
    await cli.out.write("\n");
  }
}

function render(template: Template, own: ReturnType<typeof client>, server: ServerVersion | undefined): string {
  const { ApiVersion: ownApiVersion, Platform, ...others } = own;
  const clientStruct = new ApiStruct(
    "system.clientVersion",
    { ...others, APIVersion: ownApiVersion, Platform: new Struct("*system.platformInfo", Platform) },
    own,
  );
  try {
    return template.execute(
      new Struct("system.versionInfo", { Client: clientStruct, Server: server ? serverStruct(server) : null }),
    );
  } catch (error) {
    throw new CliError(messageOf(error), 1, { cause: error });
  }
}

function serverStruct(server: ServerVersion): Struct {
  const { ApiVersion, Platform, ...fields } = server;
  const Components = (server.Components ?? []).map(
    (component) => new Struct("types.ComponentVersion", { ...component, Details: { ...component.Details } }),
  );
  return new ApiStruct(
    "*types.Version",
    {
      Experimental: false,
      ...(fields as Record<string, Value>),
      APIVersion: ApiVersion,
      Platform: new Struct("struct { Name string }", { Name: Platform?.Name ?? "" }),
      Components,
    },
    Object.fromEntries(Object.entries(server).filter(([key, value]) => key !== "BuildTime" || value !== "")) as Record<
      string,
      Value
    >,
  );
}

function plain(own: ReturnType<typeof client>, server: ServerVersion | undefined): string {
  const lines = [
    `Client: ${own.Platform.Name}`,
    ` Version:\t${own.Version}`,
    ` API version:\t${own.ApiVersion}`,
    ` OS/Arch:\t${own.Os}/${own.Arch}`,
    ` Context:\t${own.Context}`,
  ];
  if (server) {
    const platform = server.Platform?.Name ?? "";
    lines.push("", `Server:${platform === "" ? "" : ` ${platform}`}`);
    for (const component of server.Components ?? []) lines.push(` ${component.Name}:`, ...componentLines(component));
  }
  return lines.join("\n");
}

function componentLines({ Name, Version, Details }: Component): string[] {
  const detail = (key: string) => Details?.[key] ?? "";
  if (Name === "Engine") {
    return [
      `  Version:\t${Version}`,
      `  API version:\t${detail("ApiVersion")} (minimum version ${detail("MinAPIVersion")})`,
      `  Go version:\t${detail("GoVersion")}`,
      `  Git commit:\t${detail("GitCommit")}`,
      `  Built:\t${detail("BuildTime")}`,
      `  OS/Arch:\t${detail("Os")}/${detail("Arch")}`,
      `  Experimental:\t${detail("Experimental")}`,
    ];
  }
  const others = Object.entries(Details ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return [`  Version:\t${Version}`, ...others.map(([key, value]) => `  ${key}:\t${value}`)];
}

/** A time as C's asctime writes it: `Tue Sep 15 11:02:57 2026`; other text stays as it is. */
function buildTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()) || !text.includes("T")) return text;
  const [weekday = "", day = "", month = "", year = "", clock = ""] = time.toUTCString().replace(",", "").split(" ");
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${clock} ${year}`;
}
