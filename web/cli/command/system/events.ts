import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError, messageOf } from "../../errors.ts";
import { objectFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { Template } from "../../formatter/template/template.ts";
import { JsonNumber, Struct, type Value } from "../../formatter/template/values.ts";
import { eventFilters } from "../../opts/completions.ts";
import { filtersParameter } from "../../opts/filters.ts";
import { timestamp } from "../../opts/timestamp.ts";
import { lines } from "../../stream/bytes.ts";

export const eventsCommand: Command = {
  name: "events",
  use: "events [OPTIONS]",
  short: "Get real time events from the server",
  aliases: ["docker system events", "docker events"],
  flags: [
    {
      name: "filter",
      short: "f",
      type: "filter",
      usage: "Filter output based on conditions provided",
      complete: eventFilters,
    },
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
    if (!template && format !== "") await cli.out.line(plainJson(line));
    else if (template)
      await cli.out.line(template.execute(toValue(JSON.parse(line) as EngineEvent, nanoseconds(line))));
    else await cli.out.line(sentence(line));
  }
}

const empty: EngineEvent = { Type: "", Action: "", Actor: { ID: "", Attributes: {} } };

/** What prints an event as the engine sent it. */
const wholeEvent = /^(json|\{\{ *json +\. *\}\})$/;

/** @returns nothing for a sentence or the whole event */
function parse(format: string): Template | undefined {
  if (format === "" || wholeEvent.test(format)) return undefined;
  try {
    const template = new Template(format);
    // A field that does not exist is to be reported before the first event comes.
    template.execute(toValue(empty, "0"));
    return template;
  } catch (error) {
    throw new CliError(`Error parsing format: ${messageOf(error)}`, 64, { cause: error });
  }
}

function toValue(event: EngineEvent, timeNano: string): Value {
  const { status = "", id = "", from = "", Type, Action, Actor, scope = "", time = 0 } = event;
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
    TimeNano: new JsonNumber(timeNano),
  });
}

const escapes: Readonly<Record<string, string>> = { u003c: "<", u003e: ">", u0026: "&" };

/** The JSON without the escapes that Go's encoder gives to what HTML has a meaning for: the command writes them as they are. */
function plainJson(line: string): string {
  return line.replace(/\\(u003c|u003e|u0026|.)/g, (whole, escaped: string) => escapes[escaped] ?? whole);
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

/** The time to the nanosecond, which has more digits than a number of JavaScript keeps. */
function nanoseconds(line: string): string {
  return /"timeNano":(\d+)/.exec(line)?.[1] ?? "0";
}

function nanoTime(line: string): string {
  const time = BigInt(nanoseconds(line));
  if (time === 0n) return "";
  const date = new Date(Number(time / 1_000_000n)).toISOString().slice(0, 19);
  return `${date}.${String(time % 1_000_000_000n).padStart(9, "0")}Z `;
}
