import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { platformNames } from "../../opts/names.ts";
import { platformParameters } from "../../opts/platform.ts";
import { saveStream } from "./save-stream.ts";
export const saveCommand: Command = {
  name: "save",
  use: "save [OPTIONS] IMAGE [IMAGE...]",
  short: "Save one or more images to a tar archive (streamed to STDOUT by default)",
  aliases: ["docker image save", "docker save"],
  flags: [
    { name: "output", short: "o", type: "string", usage: "Write to a file, instead of STDOUT" },
    {
      name: "platform",
      type: "string",
      usage: 'Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
      complete: platformNames,
    },
  ],
  args: { min: 1 },
  complete: { kind: "images" },
  run: runSave,
};

async function runSave(cli: Cli, flags: ParsedFlags): Promise<void> {
  const output = flags.string("output");
  if (output === "" && cli.out.isTerminal) {
    throw new CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect");
  }
  const platform = platformParameters([flags.string("platform")], "invalid platform: ");
  await saveStream(cli, output, "failed to save image", () =>
    cli.api.stream("GET", "/images/get", {
      query: { names: flags.args, platform },
    }),
  );
}
