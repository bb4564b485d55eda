import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { chunks } from "../../stream/bytes.ts";

export const cpCommand: Command = {
  name: "cp",
  use: "cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdocker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
  short: "Copy files/folders between a container and the local filesystem",
  long: "Copy files/folders between a container and the local filesystem\n\nUse '-' as the source to read a tar archive from stdin\nand extract it to a directory destination in a container.\nUse '-' as the destination to stream a tar archive of a\ncontainer source to stdout.",
  aliases: ["docker container cp", "docker cp"],
  flags: [
    { name: "archive", short: "a", type: "bool", usage: "Archive mode (copy all uid/gid information)" },
    { name: "follow-link", short: "L", type: "bool", usage: "Always follow symbol link in SRC_PATH" },
    {
      name: "quiet",
      short: "q",
      type: "bool",
      usage:
        "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached",
    },
  ],
  args: { min: 2, max: 2 },
  run: runCp,
};

/** A side of a copy: a path in a container, or one of the caller's. */
interface Side {
  readonly container: string;
  readonly path: string;
}

async function runCp(cli: Cli, flags: ParsedFlags): Promise<void> {
  const [source, target] = flags.args.map(parseSide);
  if (!source || !target) return;
  if (flags.args[0] === "") throw new CliError("source can not be empty");
  if (flags.args[1] === "") throw new CliError("destination can not be empty");
  if (source.container !== "" && target.container !== "") {
    throw new CliError("copying between containers is not supported");
  }
  if (source.container === "" && target.container === "") {
    throw new CliError("must specify at least one container source");
  }
  if (source.container !== "") await copyOut(cli, source, target.path);
  else await copyIn(cli, source.path, target, flags);
}

/** `CONTAINER:PATH`; a path of the caller's starts with a slash or a dot, or has no colon. */
function parseSide(text: string): Side {
  const colon = text.indexOf(":");
  if (text.startsWith("/") || text.startsWith(".") || colon < 0) return { container: "", path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

async function copyOut(cli: Cli, source: Side, target: string): Promise<void> {
  const stream = await cli.api.stream("GET", `/containers${apiPath(source.container, "archive")}`, {
    query: { path: source.path },
  });
  if (target !== "-") {
    await stream.cancel();
    throw new CliError("docker cp to a file is not implemented yet: use '-' and a pipe into tar");
  }
  for await (const chunk of chunks(stream)) await cli.out.write(chunk);
}

async function copyIn(cli: Cli, source: string, target: Side, flags: ParsedFlags): Promise<void> {
  if (source !== "-") {
    throw new CliError("docker cp from a file is not implemented yet: pipe a tar archive into 'docker cp -'");
  }
  await cli.api.send("PUT", `/containers${apiPath(target.container, "archive")}`, {
    query: {
      path: target.path,
      noOverwriteDirNonDir: true,
      copyUIDGID: flags.bool("archive") || undefined,
    },
    headers: { "Content-Type": "application/x-tar" },
    body: cli.context.stdin,
  });
}
