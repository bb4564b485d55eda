import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { platformFlag } from "../../flags/platform-flag.ts";
import { platformParameters } from "../../opts/platform.ts";
import { saveStream } from "./save-stream.ts";

export const saveCommand: Command = {
  name: "save",
  use: "save [OPTIONS] IMAGE [IMAGE...]",
  short: "Save one or more images to a tar archive (streamed to STDOUT by default)",
  aliases: ["docker image save", "docker save"],
  flags: [
    { name: "output", short: "o", type: "string", usage: "Write to a file, instead of STDOUT" },
    platformFlag('Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")'),
  ],
  args: { min: 1 },
  complete: { kind: "images" },
  run: runSave,
};

async function runSave(cli: Cli, flags: ParsedFlags): Promise<void> {
  const output = flags.string("output");
  await saveStream(
    cli,
    output,
    "failed to save image",
    async () =>
      await cli.api.stream("GET", "/images/get", {
        query: {
          names: flags.args,
          platform: platformParameters([flags.string("platform")], "invalid platform: "),
        },
      }),
  );
}
