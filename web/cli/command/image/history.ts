import { humanDuration } from "../../../../worker/internal/units/duration.ts";
import { humanSize } from "../../../../worker/internal/units/size.ts";
import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { tableFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { platformFlag } from "../../flags/platform-flag.ts";
import { ellipsis } from "../../formatter/display-width.ts";
import { type Field, renderListing } from "../../formatter/listing.ts";
import { truncateId } from "../../formatter/text.ts";
import { platformParameter } from "../../opts/platform.ts";

export const historyCommand: Command = {
  name: "history",
  use: "history [OPTIONS] IMAGE",
  short: "Show the history of an image",
  aliases: ["docker image history", "docker history"],
  flags: [
    tableFormatFlag,
    {
      name: "human",
      short: "H",
      type: "bool",
      usage: "Print sizes and dates in human readable format",
      default: "true",
    },
    { name: "no-trunc", type: "bool", usage: "Don't truncate output" },
    platformFlag('Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")'),
    { name: "quiet", short: "q", type: "bool", usage: "Only show image IDs" },
  ],
  args: { min: 1, max: 1 },
  complete: { kind: "images", max: 1 },
  run: runHistory,
};

interface HistoryItem {
  readonly Id: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Size: number;
  readonly Comment: string;
}

/** Times before the year 2000 stand for none. */
const firstTime = Date.UTC(2000, 0, 1) / 1000;

async function runHistory(cli: Cli, flags: ParsedFlags): Promise<void> {
  const human = flags.bool("human");
  const truncate = !flags.bool("no-trunc");
  const items = await cli.api.json<HistoryItem[]>("GET", `/images${apiPath(flags.args[0] ?? "", "history")}`, {
    query: { platform: platformParameter(flags.string("platform"), "invalid platform: ") },
  });
  const field = (header: string, value: (item: HistoryItem) => string): Field<HistoryItem> => ({ header, value });
  const time = (seconds: number) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
  const since = ({ Created }: HistoryItem) => {
    if (!human) return time(Created);
    return Created <= firstTime ? "N/A" : `${humanDuration(cli.now() - Created * 1000)} ago`;
  };
  const listing = {
    typeName: "*image.historyContext",
    fields: {
      ID: field("IMAGE", ({ Id }) => (truncate ? truncateId(Id) : Id)),
      CreatedSince: field("CREATED", since),
      CreatedAt: field("CREATED AT", ({ Created }) => time(Created)),
      CreatedBy: field("CREATED BY", ({ CreatedBy }) => {
        const text = CreatedBy.replaceAll("\t", " ");
        return truncate ? ellipsis(text, 45) : text;
      }),
      Size: field("SIZE", ({ Size }) => (human ? humanSize(Size, 3) : String(Size))),
      Comment: field("COMMENT", ({ Comment }) => Comment),
    },
  };
  const createdColumn = human ? "{{.CreatedSince}}" : "{{.CreatedAt}}";
  const choice = {
    format: flags.string("format"),
    table: `{{.ID}}\t${createdColumn}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`,
    ...(flags.bool("quiet") && { quiet: "{{.ID}}" }),
  };
  await cli.out.write(renderListing(listing, items, choice));
}
