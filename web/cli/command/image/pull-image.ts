import { formatReference, type Reference, trimNamed } from "../../../../worker/reference/reference.ts";
import type { Cli } from "../../cli.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { discardProgress, displayProgress } from "../../formatter/progress.ts";
import type { Output } from "../../output.ts";
import { registryAuth } from "../registry/auth.ts";

/** What `--platform` says, else the environment. */
export function wantedPlatform(cli: Cli, flags: ParsedFlags): string {
  return flags.changed("platform") ? flags.string("platform") : (cli.context.env.DOCKER_DEFAULT_PLATFORM ?? "");
}

/** Has the engine pull an image, and shows how far it is unless `--quiet` was given. */
export async function pullImage(cli: Cli, reference: Reference, flags: ParsedFlags, output: Output): Promise<void> {
  const stream = await cli.api.stream("POST", "/images/create", {
    query: {
      fromImage: formatReference(trimNamed(reference)),
      tag: reference.digest ?? reference.tag,
      platform: wantedPlatform(cli, flags).toLowerCase() || undefined,
    },
    headers: await registryAuth(cli, reference.domain),
  });
  if (flags.bool("quiet")) await discardProgress(stream);
  else await displayProgress(cli, stream, output);
}
