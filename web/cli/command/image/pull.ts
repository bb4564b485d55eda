import { formatReference } from "../../../../worker/reference/reference.ts";
import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { targetPlatformFlag } from "../../flags/platform-flag.ts";
import { refuseContentTrust } from "./content-trust.ts";
import { pullImage } from "./pull-image.ts";
import { remoteReference } from "./remote-reference.ts";

export const pullCommand: Command = {
  name: "pull",
  use: "pull [OPTIONS] NAME[:TAG|@DIGEST]",
  short: "Download an image from a registry",
  aliases: ["docker image pull", "docker pull"],
  flags: [
    { name: "all-tags", short: "a", type: "bool", usage: "Download all tagged images in the repository" },
    { name: "disable-content-trust", type: "bool", usage: "Skip image verification", default: "true" },
    targetPlatformFlag,
    { name: "quiet", short: "q", type: "bool", usage: "Suppress verbose output" },
  ],
  category: "common",
  args: { min: 1, max: 1 },
  complete: { kind: "images", max: 1 },
  run: runPull,
};

async function runPull(cli: Cli, flags: ParsedFlags): Promise<void> {
  refuseContentTrust(cli, flags);
  const reference = await remoteReference(cli, flags);
  await pullImage(cli, reference, flags, cli.out);
  await cli.out.line(formatReference(reference));
}
