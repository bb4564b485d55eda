import { humanDuration } from "../../../worker/internal/units/duration.ts";
import { humanSize } from "../../../worker/internal/units/size.ts";
import type { ContainerSummary } from "./container.ts";
import type { ImageSummary } from "./image.ts";
import type { Field, Listing } from "./listing.ts";
import { truncateId } from "./text.ts";
import type { Volume } from "./volume.ts";

export interface BuildCacheRecord {
  readonly ID: string;
  readonly Type: string;
  readonly Size: number;
  readonly CreatedAt: string;
  readonly LastUsedAt: string | null;
  readonly UsageCount: number;
  readonly InUse: boolean;
  readonly Shared: boolean;
}

/** GET /system/df. */
export interface DiskUsage {
  readonly LayersSize?: number;
  readonly Images?: readonly ImageSummary[] | null;
  readonly Containers?: readonly ContainerSummary[] | null;
  readonly Volumes?: readonly Volume[] | null;
  readonly BuildCache?: readonly BuildCacheRecord[] | null;
}

export interface UsageRow {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly size: number;
  readonly reclaimable: number;
  /** Whether the share that can be reclaimed is shown. */
  readonly hasShare: boolean;
}

/** One row for each kind of thing that takes room. */
export function usageRows(usage: DiskUsage): UsageRow[] {
  return [
    imageUsage(usage.Images ?? [], usage.LayersSize ?? 0),
    containerUsage(usage.Containers ?? []),
    volumeUsage(usage.Volumes ?? []),
    cacheUsage(usage.BuildCache ?? []),
  ];
}

function sum<T>(items: readonly T[], size: (item: T) => number): number {
  return items.reduce((total, item) => total + size(item), 0);
}

function imageUsage(images: readonly ImageSummary[], size: number): UsageRow {
  const used = sum(images, ({ Containers, Size, SharedSize }) =>
    Containers === 0 || Size === -1 || SharedSize === -1 ? 0 : Size - SharedSize,
  );
  const active = images.filter((image) => image.Containers > 0).length;
  return { type: "Images", total: images.length, active, size, reclaimable: size - used, hasShare: true };
}

function containerUsage(containers: readonly ContainerSummary[]): UsageRow {
  const isActive = ({ State }: ContainerSummary) => /running|paused|restarting/.test(State);
  const size = (item: ContainerSummary) => item.SizeRw ?? 0;
  const idle = containers.filter((container) => !isActive(container));
  return {
    type: "Containers",
    total: containers.length,
    active: containers.length - idle.length,
    size: sum(containers, size),
    reclaimable: sum(idle, size),
    hasShare: true,
  };
}

function volumeUsage(volumes: readonly Volume[]): UsageRow {
  const size = ({ UsageData }: Volume) => Math.max(0, UsageData?.Size ?? 0);
  const links = ({ UsageData }: Volume) => UsageData?.RefCount ?? 0;
  return {
    type: "Local Volumes",
    total: volumes.length,
    active: volumes.filter((volume) => links(volume) > 0).length,
    size: sum(volumes, size),
    reclaimable: sum(
      volumes.filter((volume) => links(volume) === 0),
      size,
    ),
    hasShare: true,
  };
}

function cacheUsage(records: readonly BuildCacheRecord[]): UsageRow {
  const size = (record: BuildCacheRecord) => (record.Shared ? 0 : record.Size);
  return {
    type: "Build Cache",
    total: records.length,
    active: records.filter((record) => record.InUse).length,
    size: sum(records, size),
    reclaimable: sum(
      records.filter((record) => !record.InUse),
      size,
    ),
    hasShare: false,
  };
}

function reclaimable({ size, reclaimable: bytes, hasShare }: UsageRow): string {
  const text = humanSize(bytes);
  return hasShare && size > 0 ? `${text} (${Math.trunc((bytes * 100) / size)}%)` : text;
}

export const usageListing: Listing<UsageRow> = {
  typeName: "*formatter.diskUsageImagesContext",
  fields: {
    Type: { header: "TYPE", value: ({ type }) => type },
    TotalCount: { header: "TOTAL", value: ({ total }) => String(total) },
    Active: { header: "ACTIVE", value: ({ active }) => String(active) },
    Size: { header: "SIZE", value: ({ size }) => humanSize(size) },
    Reclaimable: { header: "RECLAIMABLE", value: reclaimable },
  },
};

export function buildCacheListing(now: number): Listing<BuildCacheRecord> {
  const field = (header: string, value: (row: BuildCacheRecord) => string): Field<BuildCacheRecord> => ({
    header,
    value,
  });
  const since = (time: string | null) => (time ? `${humanDuration(now - Date.parse(time))} ago` : "");
  return {
    typeName: "*formatter.buildCacheContext",
    fields: {
      ID: field("CACHE ID", ({ ID, InUse }) => truncateId(ID) + (InUse ? "*" : "")),
      CacheType: field("CACHE TYPE", ({ Type }) => Type),
      Size: field("SIZE", ({ Size }) => humanSize(Size, 3)),
      CreatedSince: field("CREATED", ({ CreatedAt }) => since(CreatedAt)),
      LastUsedSince: field("LAST USED", ({ LastUsedAt }) => since(LastUsedAt)),
      UsageCount: field("USAGE", ({ UsageCount }) => String(UsageCount)),
      InUse: field("IN USE", ({ InUse }) => String(InUse)),
      Shared: field("SHARED", ({ Shared }) => String(Shared)),
    },
  };
}
