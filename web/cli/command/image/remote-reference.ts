import { parseNormalizedNamed, type Reference, tagNameOnly } from "../../../../worker/reference/reference.ts";
import type { Cli } from "../../cli.ts";
import { CliError } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";

/**
 * The image that `pull` and `push` name: with `latest` where no tag is given, which is told, or with `--all-tags` none at all.
 * @throws CliError for a tag together with `--all-tags`; Error with Docker's message for a name that is none
 */
export async function remoteReference(cli: Cli, flags: ParsedFlags): Promise<Reference> {
  const all = flags.bool("all-tags");
  const given = parseNormalizedNamed(flags.args[0] ?? "");
  const isNameOnly = given.tag === undefined && given.digest === undefined;
  if (all && !isNameOnly) throw new CliError("tag can't be used with --all-tags/-a");
  if (!all && isNameOnly && !flags.bool("quiet")) await cli.out.line("Using default tag: latest");
  return all ? given : tagNameOnly(given);
}
