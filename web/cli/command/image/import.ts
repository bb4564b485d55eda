import { parseNormalizedNamed } from "../../../../worker/reference/reference.ts";
import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { targetPlatformFlag } from "../../flags/platform-flag.ts";
import { displayProgress } from "../../formatter/progress.ts";
import { cut } from "../../opts/cut.ts";
import { fileBody } from "./load.ts";

export const importCommand: Command = {
  name: "import",
  use: "import [OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
  short: "Import the contents from a tarball to create a filesystem image",
  aliases: ["docker image import", "docker import"],
  flags: [
    { name: "change", short: "c", type: "list", usage: "Apply Dockerfile instruction to the created image" },
    { name: "message", short: "m", type: "string", usage: "Set commit message for imported image" },
    targetPlatformFlag,
  ],
  args: { min: 1 },
  complete: { kind: "files" },
  run: runImport,
};

async function runImport(cli: Cli, flags: ParsedFlags): Promise<void> {
  const [source = "", name = ""] = flags.args;
  if (name !== "") parseNormalizedNamed(name);
  const isAddress = /^https?:\/\//.test(source);
  const [repository, tag] = cut(name, ":");
  const body = source === "-" ? cli.context.stdin : isAddress ? undefined : await fileBody(cli, source);
  const stream = await cli.api.stream("POST", "/images/create", {
    query: {
      fromSrc: isAddress ? source : "-",
      repo: repository || undefined,
      tag: tag || undefined,
      message: flags.string("message") || undefined,
      changes: flags.list("change"),
      platform: flags.string("platform").toLowerCase() || undefined,
    },
    headers: { "Content-Type": "text/plain" },
    ...(body && { body }),
  });
  await displayProgress(cli, stream, cli.out);
}
