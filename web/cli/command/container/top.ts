import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { tabulate } from "../../formatter/tabulate.ts";
import { upStates } from "../../opts/names.ts";

export const topCommand: Command = {
  name: "top",
  use: "top CONTAINER [ps OPTIONS]",
  short: "Display the running processes of a container",
  aliases: ["docker container top", "docker top"],
  args: { min: 1 },
  interspersed: false,
  complete: { kind: "containers", states: upStates },
  run: runTop,
};

interface TopAnswer {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[] | null;
}

async function runTop(cli: Cli, flags: ParsedFlags): Promise<void> {
  const [name = "", ...options] = flags.args;
  const { Titles, Processes } = await cli.api.json<TopAnswer>("GET", `/containers${apiPath(name, "top")}`, {
    query: { ps_args: options.length > 0 ? options.join(" ") : undefined },
  });
  const lines = [Titles, ...(Processes ?? [])].map((cells) => `${cells.join("\t")}\n`);
  await cli.out.write(tabulate(lines.join(""), { minWidth: 20, padding: 3 }));
}
