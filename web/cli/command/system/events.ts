import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError, messageOf } from "../../errors.ts";
import { objectFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { Template } from "../../formatter/template/template.ts";
import { Struct, type Value } from "../../formatter/template/values.ts";
import { filtersParameter, timestamp } from "../../opts/timestamp.ts";
import { lines } from "../../stream/bytes.ts";

export const eventsCommand: Command = {
  name: "events",
  use: "events [OPTIONS]",
  short: "Get real time events from the server",
  aliases: ["docker system events", "docker events"],
  flags: [
    { name: "filter", short: "f", type: "filter", usage: "Filter output based on conditions provided" },
    { name: "format", type: "string", usage: objectFormatFlag.usage },
    { name: "since", type: "string", usage: "Show all events created since timestamp" },
    { name: "until", type: "string", usage: "Stream events until this timestamp" },
  ],
  args: { max: 0 },
  complete: { kind: "none" },
  run: runEvents,
};

interface EngineEvent {
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> | null };
  readonly scope?: string;
  readonly time?: number;
  readonly timeNano?: number;
}

async function runEvents(cli: Cli, flags: ParsedFlags): Promise<void> {
  const format = flags.string("format");
  const template = parse(format);
  const stream = await cli.api.stream("GET", "/events", {
    query: {
      since: timestamp(flags.string("since"), cli.now()) || undefined,
      until: timestamp(flags.string("until"), cli.now()) || undefined,
      filters: filtersParameter(flags.list("filter")),
    },
  });
  for await (const line of lines(stream)) {
    if (format === "json") await cli.out.line(line);
    else if (template) await cli.out.line(template.execute(toValue(JSON.parse(line) as EngineEvent)));
    else await cli.out.line(sentence(line));
  }
}

const empty: EngineEvent = { Type: "", Action: "", Actor: { ID: "", Attributes: {} } };

function parse(format: string): Template | undefined {
  if (format === "" || format === "json") return undefined;
  try {
    const template = new Template(format);
    // A field that does not exist is to be reported before the first event comes.
    template.execute(toValue(empty));
    return template;
  } catch (error) {
    throw new CliError(`Error parsing format: ${messageOf(error)}`, 64, { cause: error });
  }
}

function toValue(event: EngineEvent): Value {
  const { status = "", id = "", from = "", Type, Action, Actor, scope = "", time = 0, timeNano = 0 } = event;
  const actor = new Struct("events.Actor", { ID: Actor.ID, Attributes: { ...Actor.Attributes } });
  return new Struct("*events.Message", {
    Status: status,
    ID: id,
    From: from,
    Type,
    Action,
    Actor: actor,
    Scope: scope,
    Time: time,
    TimeNano: timeNano,
  });
}

/** `TIME TYPE ACTION ID (attribute=value, ...)`. */
function sentence(line: string): string {
  const { Type, Action, Actor } = JSON.parse(line) as EngineEvent;
  const attributes = Object.entries(Actor.Attributes ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  const list = attributes.length > 0 ? ` (${attributes.join(", ")})` : "";
  return `${nanoTime(line)}${Type} ${Action} ${Actor.ID}${list}`;
}

/** The time to the nanosecond, which is more than a number of JSON keeps. */
function nanoTime(line: string): string {
  const digits = /"timeNano":(\d+)/.exec(line)?.[1];
  if (digits === undefined) return "";
  const nanoseconds = BigInt(digits);
  const date = new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19);
  return `${date}.${String(nanoseconds % 1_000_000_000n).padStart(9, "0")}Z `;
}
