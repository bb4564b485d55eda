import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { objectFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { platformFlag } from "../../flags/platform-flag.ts";
import { inspectObjects } from "../../formatter/inspect.ts";
import { platformParameter } from "../../opts/platform.ts";
import { inspected } from "../inspected.ts";

export const inspectImageCommand: Command = {
  name: "inspect",
  use: "inspect [OPTIONS] IMAGE [IMAGE...]",
  short: "Display detailed information on one or more images",
  flags: [
    objectFormatFlag,
    platformFlag(
      "Inspect a specific platform of the multi-platform image.\nIf the image or the server is not multi-platform capable, the command will error out if the platform does not match.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    ),
  ],
  args: { min: 1 },
  complete: { kind: "images" },
  run: runInspect,
};

async function runInspect(cli: Cli, flags: ParsedFlags): Promise<void> {
  const query = { platform: platformParameter(flags.string("platform")) };
  await inspectObjects(cli, flags.args, flags.string("format"), (name) => inspected(cli, "image", name, query));
}
