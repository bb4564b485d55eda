import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { fileErrorText } from "../../file-error.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { platformFlag } from "../../flags/platform-flag.ts";
import { displayProgress } from "../../formatter/progress.ts";
import { platformParameters } from "../../opts/platform.ts";

export const loadCommand: Command = {
  name: "load",
  use: "load [OPTIONS]",
  short: "Load an image from a tar archive or STDIN",
  aliases: ["docker image load", "docker load"],
  flags: [
    { name: "input", short: "i", type: "string", usage: "Read from tar archive file, instead of STDIN" },
    platformFlag('Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")'),
    { name: "quiet", short: "q", type: "bool", usage: "Suppress the load output" },
  ],
  args: { max: 0 },
  complete: { kind: "none" },
  run: runLoad,
};

async function runLoad(cli: Cli, flags: ParsedFlags): Promise<void> {
  const input = flags.string("input");
  if (input === "" && cli.context.tty.stdin) {
    throw new CliError("requested load from stdin, but stdin is empty");
  }
  const body = input === "" ? cli.context.stdin : await fileBody(cli, input);
  const quiet = flags.bool("quiet") || !cli.out.isTerminal;
  const platform = platformParameters([flags.string("platform")], "invalid platform: ");
  const response = await cli.api.request("POST", "/images/load", {
    query: { quiet, platform },
    headers: { "Content-Type": "application/x-tar" },
    body,
  });
  if (response.body) await displayProgress(cli, response.body, cli.out);
}

/** A file's bytes; what cannot be opened is reported as the system does. */
export async function fileBody(cli: Cli, path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return Uint8Array.from(await cli.context.files.read(cli.resolvePath(path)));
  } catch (error) {
    throw new CliError(`open ${path}: ${fileErrorText(error)}`, 1, { cause: error });
  }
}
