import { sleep } from "../../../../worker/internal/clock.ts";
import { regardless } from "../../../../worker/internal/failures.ts";
import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError, messageOf } from "../../errors.ts";
import { tableFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import type { ContainerSummary } from "../../formatter/container.ts";
import { renderListing } from "../../formatter/listing.ts";
import { type StatsEntry, type StatsSample, statsListing, statsTable, toEntry } from "../../formatter/stats.ts";
import { upStates } from "../../opts/names.ts";
import { jsonValues } from "../../stream/bytes.ts";

export const statsCommand: Command = {
  name: "stats",
  use: "stats [OPTIONS] [CONTAINER...]",
  short: "Display a live stream of container(s) resource usage statistics",
  aliases: ["docker container stats", "docker stats"],
  flags: [
    { name: "all", short: "a", type: "bool", usage: "Show all containers (default shows just running)" },
    tableFormatFlag,
    { name: "no-stream", type: "bool", usage: "Disable streaming stats and only pull the first result" },
    { name: "no-trunc", type: "bool", usage: "Do not truncate output" },
  ],
  complete: { kind: "containers", states: upStates },
  run: runStats,
};

/** Milliseconds between two tables. */
const interval = 500;

async function runStats(cli: Cli, flags: ParsedFlags): Promise<void> {
  const board = new StatsBoard(cli, !flags.bool("no-stream"));
  let engineGone = false;
  if (flags.args.length > 0) {
    await Promise.all(flags.args.map((name) => board.add(name)));
    board.throwErrors();
  } else {
    const watch = await followContainers(cli, board, flags.bool("all"));
    // As Docker's command, which takes the end of the events for a restart of the engine, and ends without a word.
    void regardless(watch()).then(() => {
      engineGone = true;
    });
  }
  const format = flags.string("format") || (await cli.config.format("statsFormat"));
  const listing = statsListing(!flags.bool("no-trunc"));
  const table = () => renderListing(listing, board.entries(), { format, table: statsTable });
  if (flags.bool("no-stream")) return await cli.out.write(table());
  for (;;) {
    await cli.out.write(screen(table()));
    if (engineGone || (board.size === 0 && flags.args.length > 0)) return;
    await sleep(interval, cli.signal);
  }
}

/** Draws over the table before: from the top left, each line cleared to its end, then the rest of the screen. */
function screen(table: string): string {
  const drawn = `\u001b[H${table}`;
  const cleared = drawn.split("\n").map((line) => `${line} \u001b[K\n`);
  return `${drawn}${cleared.join("")}\u001b[J`;
}

interface ContainerEvent {
  readonly Action: string;
  readonly Actor: { readonly ID: string };
}

/** Puts all containers on the board. What it answers keeps the board so, as containers come and go, until the engine's events end. */
async function followContainers(cli: Cli, board: StatsBoard, all: boolean): Promise<() => Promise<void>> {
  const events = await cli.api.stream("GET", "/events", { query: { filters: '{"type":{"container":true}}' } });
  const containers = await cli.api.json<ContainerSummary[]>("GET", "/containers/json", {
    query: { all: all || undefined },
  });
  await Promise.all(containers.map(({ Id }) => board.add(Id.slice(0, 12))));
  return async () => {
    for await (const { Action, Actor } of jsonValues<ContainerEvent>(events)) {
      const id = Actor.ID.slice(0, 12);
      if (Action === "start" || (all && Action === "create")) void board.add(id);
      else if (Action === (all ? "destroy" : "die")) board.remove(id);
    }
  };
}

/** The containers that are watched, in the order in which they came. */
class StatsBoard {
  readonly #cli: Cli;
  readonly #streams: boolean;
  readonly #entries = new Map<string, StatsEntry>();
  readonly #errors: string[] = [];

  constructor(cli: Cli, streams: boolean) {
    this.#cli = cli;
    this.#streams = streams;
  }

  get size(): number {
    return this.#entries.size;
  }

  entries(): StatsEntry[] {
    return [...this.#entries.values()];
  }

  throwErrors(): void {
    if (this.#errors.length > 0) throw new CliError(this.#errors.join("\n"));
  }

  remove(name: string): void {
    this.#entries.delete(name);
  }

  /** Resolves with the first sample, or when there will be none. */
  async add(name: string): Promise<void> {
    if (this.#entries.has(name)) return;
    this.#entries.set(name, { container: name, invalid: true });
    try {
      const stream = await this.#cli.api.stream("GET", `/containers${apiPath(name, "stats")}`, {
        query: { stream: this.#streams },
      });
      const samples = jsonValues<StatsSample>(stream);
      const first = await samples.next();
      if (!first.done) this.#entries.set(name, toEntry(name, first.value));
      if (this.#streams) void this.#follow(name, samples);
    } catch (error) {
      this.#errors.push(messageOf(error));
    }
  }

  async #follow(name: string, samples: AsyncIterable<StatsSample>): Promise<void> {
    try {
      for await (const sample of samples) {
        if (!this.#entries.has(name)) return;
        this.#entries.set(name, toEntry(name, sample));
      }
    } catch {
      // A container whose numbers cannot be had any more shows dashes.
    }
    if (this.#entries.has(name)) this.#entries.set(name, { container: name, invalid: true });
  }
}
