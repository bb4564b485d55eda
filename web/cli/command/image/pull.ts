import { familiarName, formatReference, trimNamed } from "../../../../worker/reference/reference.ts";
import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { encodeAuth } from "../../config-file.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { discardProgress, displayProgress } from "../../formatter/progress.ts";
import { platformNames } from "../../opts/names.ts";
import { registryAuth } from "../registry/auth.ts";
import { refuseContentTrust } from "./content-trust.ts";
import { remoteReference } from "./remote-reference.ts";

export const pullCommand: Command = {
  name: "pull",
  use: "pull [OPTIONS] NAME[:TAG|@DIGEST]",
  short: "Download an image from a registry",
  aliases: ["docker image pull", "docker pull"],
  flags: [
    { name: "all-tags", short: "a", type: "bool", usage: "Download all tagged images in the repository" },
    { name: "disable-content-trust", type: "bool", usage: "Skip image verification", default: "true" },
    {
      name: "platform",
      type: "string",
      usage: "Set platform if server is multi-platform capable",
      complete: platformNames,
    },
    { name: "quiet", short: "q", type: "bool", usage: "Suppress verbose output" },
  ],
  category: "common",
  args: { min: 1, max: 1 },
  complete: { kind: "images", max: 1 },
  run: runPull,
};

async function runPull(cli: Cli, flags: ParsedFlags): Promise<void> {
  refuseContentTrust(cli, flags);
  const quiet = flags.bool("quiet");
  const reference = await remoteReference(cli, flags);
  const platform = flags.changed("platform")
    ? flags.string("platform")
    : (cli.context.env.DOCKER_DEFAULT_PLATFORM ?? "");
  const stream = await cli.api.stream("POST", "/images/create", {
    query: {
      fromImage: formatReference(trimNamed(reference)),
      tag: reference.digest ?? reference.tag,
      platform: platform.toLowerCase() || undefined,
    },
    headers: { "X-Registry-Auth": encodeAuth(await registryAuth(cli, familiarName(reference))) },
  });
  if (quiet) await discardProgress(stream);
  else await displayProgress(cli, stream, cli.out);
  await cli.out.line(formatReference(reference));
}
