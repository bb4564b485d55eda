import type { Filters } from "../api/types/common.ts";
import { errorMessage, invalidParameter } from "../errdefs/errors.ts";
import { booleanFilter, checkFilterNames, matchesAny, matchesLabels, patternFilter } from "../internal/filters.ts";
import { parseBool } from "../internal/strconv.ts";
import { localDriver } from "./local-driver.ts";

/** What filters look at. */
export interface FilteredVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly used: boolean;
  /** Whether its content is the engine's own, and not that of a mount which its options ask for. */
  readonly local: boolean;
}

/** The filters of `GET /volumes` (VolumeList). Throws `InvalidParameter` with Docker's text. */
export function listFilter(filters: Filters): (volume: FilteredVolume) => boolean {
  checkFilterNames(filters, ["dangling", "driver", "label", "name"]);
  const dangling = booleanFilter(filters, "dangling", undefined);
  const named = patternFilter(filters, "name");
  return (volume) =>
    (dangling === undefined || dangling === !volume.used) &&
    matchesAny(filters, "driver", (driver) => driver === localDriver) &&
    named(volume.name) &&
    matchesLabels(volume.labels, filters.get("label"));
}

/**
 * The filters of `POST /volumes/prune` (VolumePrune); whether a volume is used is not theirs to say. One that is a mount stays, as
 * in Docker: there is no space to be had.
 */
export function pruneFilter(filters: Filters): (volume: FilteredVolume) => boolean {
  checkFilterNames(filters, ["all", "label", "label!"]);
  const all = allOf(filters.get("all") ?? []);
  const unwanted = filters.get("label!") ?? [];
  return (volume) =>
    volume.local &&
    (all || Object.hasOwn(volume.labels, anonymousLabel)) &&
    matchesLabels(volume.labels, filters.get("label")) &&
    !unwanted.some((label) => matchesLabels(volume.labels, [label]));
}

/** Marks a volume that the engine named. */
export const anonymousLabel = "com.docker.volume.anonymous";

function allOf(values: readonly string[]): boolean {
  if (values.length > 1)
    throw invalidParameter(`invalid filter 'all=[${values.join(" ")}]': only one value is expected`);
  const [value = "false"] = values;
  try {
    return parseBool(value);
  } catch (error) {
    throw invalidParameter(`invalid filter 'all': ${errorMessage(error)}`);
  }
}
