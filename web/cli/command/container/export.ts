import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { saveStream } from "../image/save-stream.ts";

export const exportCommand: Command = {
  name: "export",
  use: "export [OPTIONS] CONTAINER",
  short: "Export a container's filesystem as a tar archive",
  aliases: ["docker container export", "docker export"],
  flags: [{ name: "output", short: "o", type: "string", usage: "Write to a file, instead of STDOUT" }],
  args: { min: 1, max: 1 },
  complete: { kind: "containers" },
  run: runExport,
};

async function runExport(cli: Cli, flags: ParsedFlags): Promise<void> {
  const output = flags.string("output");
  const name = flags.args[0] ?? "";
  await saveStream(cli, output, "failed to export container", () =>
    cli.api.stream("GET", `/containers${apiPath(name, "export")}`),
  );
}
