import type { Filters } from "../api/types/common.ts";
import { invalidParameter } from "../errdefs/errors.ts";
import { checkFilterNames, matchesLabels } from "../internal/filters.ts";
import { compilePattern } from "../internal/pattern.ts";
import { localDriver } from "./local-driver.ts";

/** What filters look at. */
export interface FilteredVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly used: boolean;
}

/** The filters of `GET /volumes` (VolumeList). Throws `InvalidParameter` with Docker's text. */
export function listFilter(filters: Filters): (volume: FilteredVolume) => boolean {
  checkFilterNames(filters, ["dangling", "driver", "label", "name"]);
  const dangling = danglingOf(filters.get("dangling"));
  const drivers = filters.get("driver") ?? [];
  const names = (filters.get("name") ?? []).map(nameMatcher);
  return (volume) =>
    (dangling === undefined || dangling === !volume.used) &&
    (drivers.length === 0 || drivers.includes(localDriver)) &&
    (names.length === 0 || names.some((matches) => matches(volume.name))) &&
    matchesLabels(volume.labels, filters.get("label"));
}

/** The filters of `POST /volumes/prune` (VolumePrune); whether a volume is used is not theirs to say. */
export function pruneFilter(filters: Filters): (volume: FilteredVolume) => boolean {
  checkFilterNames(filters, ["all", "label", "label!"]);
  const all = (filters.get("all") ?? []).map(allOf).includes(true);
  const unwanted = filters.get("label!") ?? [];
  return (volume) =>
    (all || Object.hasOwn(volume.labels, anonymousLabel)) &&
    matchesLabels(volume.labels, filters.get("label")) &&
    !unwanted.some((label) => matchesLabels(volume.labels, [label]));
}

/** Marks a volume that the engine named. */
export const anonymousLabel = "com.docker.volume.anonymous";

const truths = ["1", "t", "T", "true", "TRUE", "True"];
const falsehoods = ["0", "f", "F", "false", "FALSE", "False"];

function danglingOf(values: readonly string[] | undefined): boolean | undefined {
  if (!values || values.length === 0) return undefined;
  const isTrue = values.some((value) => ["1", "true"].includes(value));
  const isFalse = values.some((value) => ["0", "false"].includes(value));
  if (isTrue === isFalse) throw invalidParameter(`invalid filter 'dangling=[${values.join(" ")}]'`);
  return isTrue;
}

function allOf(value: string): boolean {
  if (truths.includes(value)) return true;
  if (falsehoods.includes(value)) return false;
  throw invalidParameter(`invalid filter 'all': strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

/** A name matches by regular expression; one that cannot be read as such matches nothing. */
function nameMatcher(pattern: string): (name: string) => boolean {
  try {
    return compilePattern(pattern);
  } catch {
    return (name) => name === pattern;
  }
}
