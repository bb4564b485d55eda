import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
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
import { renderListing } from "../../formatter/listing.ts";
import { volumeListing } from "../../formatter/volume.ts";
import { humanSize } from "../../units/size.ts";

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
    if (format !== "" && format !== "table")
      throw new CliError("docker system df --verbose --format is not implemented yet");
    return await cli.out.write(verbose(cli, usage));
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
  // The size of the image below a container is the image's business here.
  const containers = (usage.Containers ?? []).map((each): ContainerSummary => ({ ...each, SizeRootFs: 0 }));
  const cache: readonly BuildCacheRecord[] = usage.BuildCache ?? [];
  const cacheSize = cache.filter((each) => !each.Shared).reduce((sum, each) => sum + each.Size, 0);
  return [
    "Images space usage:\n\n",
    renderListing(imageListing(true, now), images, {
      format: "",
      table: `{{.Repository}}\t{{.Tag}}\t{{.ID}}\t${created}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}`,
    }),
    "\nContainers space usage:\n\n",
    renderListing(containerListing(true, now), containers, {
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

function firstName(image: Parameters<typeof imageRows>[0]): ImageRow {
  const none = { image, repository: "<none>", tag: "<none>", digest: "" };
  const tagged = { ...image, RepoTags: (image.RepoTags ?? []).slice(0, 1) };
  return (image.RepoTags?.length ? imageRows(tagged, false, false)[0] : undefined) ?? none;
}
