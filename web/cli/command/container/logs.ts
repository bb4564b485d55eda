import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { messageOf } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { timestamp } from "../../opts/timestamp.ts";
import { chunks } from "../../stream/bytes.ts";
import { demultiplex } from "../../stream/stdcopy.ts";
import { inspectContainer } from "./attachment.ts";

export const logsCommand: Command = {
  name: "logs",
  use: "logs [OPTIONS] CONTAINER",
  short: "Fetch the logs of a container",
  aliases: ["docker container logs", "docker logs"],
  flags: [
    { name: "details", type: "bool", usage: "Show extra details provided to logs" },
    { name: "follow", short: "f", type: "bool", usage: "Follow log output" },
    {
      name: "since",
      type: "string",
      usage: 'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
    {
      name: "tail",
      short: "n",
      type: "string",
      usage: "Number of lines to show from the end of the logs",
      default: "all",
    },
    { name: "timestamps", short: "t", type: "bool", usage: "Show timestamps" },
    {
      name: "until",
      type: "string",
      usage: 'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
  ],
  args: { min: 1, max: 1 },
  complete: { kind: "containers" },
  run: runLogs,
};

async function runLogs(cli: Cli, flags: ParsedFlags): Promise<void> {
  const container = await inspectContainer(cli, flags.args[0] ?? "");
  const time = (name: "since" | "until") => {
    try {
      return timestamp(flags.string(name), cli.now()) || undefined;
    } catch (error) {
      throw new Error(`invalid value for "${name}": ${messageOf(error)}`);
    }
  };
  const stream = await cli.api.stream("GET", `/containers${apiPath(container.Id, "logs")}`, {
    query: {
      stdout: true,
      stderr: true,
      since: time("since"),
      until: time("until"),
      timestamps: flags.bool("timestamps") || undefined,
      details: flags.bool("details") || undefined,
      follow: flags.bool("follow") || undefined,
      tail: flags.string("tail"),
    },
  });
  if (!container.Config.Tty) return await demultiplex(stream, { stdout: cli.out, stderr: cli.err });
  for await (const chunk of chunks(stream)) await cli.out.write(chunk);
}
