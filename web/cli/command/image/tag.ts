import {
  formatReference,
  parseNormalizedNamed,
  type Reference,
  tagNameOnly,
  trimNamed,
} from "../../../../worker/reference/reference.ts";
import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError, messageOf } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { isImageId } from "../../opts/image-id.ts";

export const tagCommand: Command = {
  name: "tag",
  use: "tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  short: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
  aliases: ["docker image tag", "docker tag"],
  args: { min: 2, max: 2 },
  complete: { kind: "images", max: 2 },
  run: runTag,
};

async function runTag(cli: Cli, flags: ParsedFlags): Promise<void> {
  const [source = "", target = ""] = flags.args;
  if (!isImageId(source)) checked(source);
  const reference = tagNameOnly(checked(target));
  if (reference.digest !== undefined) throw new CliError("refusing to create a tag with a digest reference");
  await cli.api.send("POST", `/images${apiPath(source, "tag")}`, {
    query: { repo: formatReference(trimNamed(reference)), tag: reference.tag },
  });
}

function checked(name: string): Reference {
  try {
    return parseNormalizedNamed(name);
  } catch (error) {
    throw new CliError(
      `Error parsing reference: ${JSON.stringify(name)} is not a valid repository/tag: ${messageOf(error)}`,
    );
  }
}
