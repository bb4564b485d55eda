import { humanSize } from "../../../../worker/internal/units/size.ts";
import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError, messageOf } from "../../errors.ts";
import { tableFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { type ContainerSummary, containerListing } from "../../formatter/container.ts";
import {
  type BuildCacheRecord,
  buildCacheListing,
  type DiskUsage,
  usageListing,
  usageRows,
} from "../../formatter/disk-usage.ts";
import { type ImageRow, imageListing, imageRows } from "../../formatter/image.ts";
import { type Listing, renderListing, rowStruct } from "../../formatter/listing.ts";
import { RowStruct } from "../../formatter/template/functions.ts";
import { Template } from "../../formatter/template/template.ts";
import { volumeListing } from "../../formatter/volume.ts";

export const dfCommand: Command = {
  name: "df",
  use: "df [OPTIONS]",
  short: "Show docker disk usage",
  flags: [
    tableFormatFlag,
    { name: "verbose", short: "v", type: "bool", usage: "Show detailed information on space usage" },
  ],
  args: { max: 0 },
  complete: { kind: "none" },
  run: runDf,
};

async function runDf(cli: Cli, flags: ParsedFlags): Promise<void> {
  const usage = await cli.api.json<DiskUsage>("GET", "/system/df");
  const format = flags.string("format");
  if (flags.bool("verbose")) {
    const isTable = format === "" || format === "table";
    return await cli.out.write(isTable ? verbose(cli, usage) : formatted(cli, usage, format));
  }
  const table = "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";
  const raw =
    "type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\nreclaimable: {{.Reclaimable}}\n";
  await cli.out.write(renderListing(usageListing, usageRows(usage), { format, table, raw }));
}

function verbose(cli: Cli, usage: DiskUsage): string {
  const now = cli.now();
  const created = "{{if .CreatedSince }}{{.CreatedSince}}{{else}}N/A{{end}}";
  const images = (usage.Images ?? []).map(firstName);
  const containers = (usage.Containers ?? []).map(withoutImage);
  const cache: readonly BuildCacheRecord[] = usage.BuildCache ?? [];
  const cacheSize = cache.filter((each) => !each.Shared).reduce((sum, each) => sum + each.Size, 0);
  return [
    "Images space usage:\n\n",
    renderListing(imageListing({ truncate: true, now }), images, {
      format: "",
      table: `{{.Repository}}\t{{.Tag}}\t{{.ID}}\t${created}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}`,
    }),
    "\nContainers space usage:\n\n",
    renderListing(containerListing({ truncate: true, now }), containers, {
      format: "",
      table:
        "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}",
    }),
    "\nLocal Volumes space usage:\n\n",
    renderListing(volumeListing, usage.Volumes ?? [], { format: "", table: "{{.Name}}\t{{.Links}}\t{{.Size}}" }),
    `\nBuild cache usage: ${humanSize(cacheSize)}\n\n`,
    renderListing(buildCacheListing(now), cache, {
      format: "",
      table: "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}",
    }),
  ].join("");
}

/** One template for all of it: lists of rows by the kind of thing. */
function formatted(cli: Cli, usage: DiskUsage, format: string): string {
  const now = cli.now();
  const rows = <T>(listing: Listing<T>, items: readonly T[]) => items.map((item) => rowStruct(listing, item));
  const data = new RowStruct("*formatter.diskUsageContext", {
    Images: rows(imageListing({ truncate: false, now }), (usage.Images ?? []).map(firstName)),
    Containers: rows(containerListing({ truncate: false, now }), (usage.Containers ?? []).map(withoutImage)),
    Volumes: rows(volumeListing, usage.Volumes ?? []),
    BuildCache: rows(buildCacheListing(now), usage.BuildCache ?? []),
  });
  try {
    return new Template(format === "json" ? "{{json .}}" : format).execute(data);
  } catch (error) {
    throw new CliError(messageOf(error), 1, { cause: error });
  }
}

/** The size of the image below a container is the image's business here. */
function withoutImage(container: ContainerSummary): ContainerSummary {
  return { ...container, SizeRootFs: 0 };
}

function firstName(image: Parameters<typeof imageRows>[0]): ImageRow {
  const none = { image, repository: "<none>", tag: "<none>", digest: "" };
  const tagged = { ...image, RepoTags: (image.RepoTags ?? []).slice(0, 1) };
  const named = image.RepoTags?.length ? imageRows(tagged)[0] : undefined;
  return { ...(named ?? none), digest: "" };
}
