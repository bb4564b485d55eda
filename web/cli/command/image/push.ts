import { familiarName, formatReference } from "../../../../worker/reference/reference.ts";
import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { platformFlag } from "../../flags/platform-flag.ts";
import { discardProgress, displayProgress } from "../../formatter/progress.ts";
import { platformParameter } from "../../opts/platform.ts";
import { registryAuth } from "../registry/auth.ts";
import { refuseContentTrust } from "./content-trust.ts";
import { remoteReference } from "./remote-reference.ts";

export const pushCommand: Command = {
  name: "push",
  use: "push [OPTIONS] NAME[:TAG]",
  short: "Upload an image to a registry",
  aliases: ["docker image push", "docker push"],
  flags: [
    { name: "all-tags", short: "a", type: "bool", usage: "Push all tags of an image to the repository" },
    { name: "disable-content-trust", type: "bool", usage: "Skip image signing", default: "true" },
    platformFlag(
      "Push a platform-specific manifest as a single-platform image to the registry.\nImage index won't be pushed, meaning that other manifests, including attestations won't be preserved.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    ),
    { name: "quiet", short: "q", type: "bool", usage: "Suppress verbose output" },
  ],
  category: "common",
  args: { min: 1, max: 1 },
  complete: { kind: "images", max: 1 },
  run: runPush,
};

async function runPush(cli: Cli, flags: ParsedFlags): Promise<void> {
  refuseContentTrust(cli, flags);
  const platformText = flags.string("platform");
  const platform = platformParameter(platformText, `Invalid platform ${platformText}`);
  const quiet = flags.bool("quiet");
  const reference = await remoteReference(cli, flags);
  const stream = await cli.api.stream("POST", `/images${apiPath(familiarName(reference), "push")}`, {
    query: { tag: reference.tag, platform },
    headers: await registryAuth(cli, reference.domain),
  });
  if (!quiet) return await displayProgress(cli, stream, cli.out);
  await discardProgress(stream);
  await cli.out.line(formatReference(reference));
}
