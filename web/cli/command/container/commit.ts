import {
  formatReference,
  parseNormalizedNamed,
  tagNameOnly,
  trimNamed,
} from "../../../../worker/reference/reference.ts";
import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { upStates } from "../../opts/names.ts";

export const commitCommand: Command = {
  name: "commit",
  use: "commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  short: "Create a new image from a container's changes",
  aliases: ["docker container commit", "docker commit"],
  flags: [
    { name: "author", short: "a", type: "string", usage: 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")' },
    { name: "change", short: "c", type: "list", usage: "Apply Dockerfile instruction to the created image" },
    { name: "message", short: "m", type: "string", usage: "Commit message" },
    { name: "pause", short: "p", type: "bool", usage: "Pause container during commit", default: "true" },
  ],
  args: { min: 1, max: 2 },
  complete: { kind: "containers", states: upStates },
  run: runCommit,
};

async function runCommit(cli: Cli, flags: ParsedFlags): Promise<void> {
  const [container = "", name] = flags.args;
  const reference = name === undefined ? undefined : tagNameOnly(parseNormalizedNamed(name));
  if (reference?.digest !== undefined) throw new Error("refusing to create a tag with a digest reference");
  const { Id } = await cli.api.json<{ Id: string }>("POST", "/commit", {
    query: {
      container,
      repo: reference && formatReference(trimNamed(reference)),
      tag: reference?.tag,
      comment: flags.string("message"),
      author: flags.string("author"),
      changes: flags.list("change"),
      pause: flags.bool("pause") ? undefined : false,
    },
    json: {},
  });
  await cli.out.line(Id);
}
