import type { ImageListOptions } from "../api/types/backend.ts";
import type { Filters } from "../api/types/common.ts";
import type { ImageSummary } from "../api/types/image.ts";
import { invalidParameter } from "../errdefs/errors.ts";
import { booleanFilter, checkFilterNames, matchesLabels } from "../internal/filters.ts";
import { compilePattern } from "../internal/pattern.ts";
import { untilTime } from "../internal/until.ts";
import { familiarName, familiarString, type Reference } from "../reference/reference.ts";
import { createdSeconds, imageSize, repoNames } from "./image-inspect.ts";
import type { Image, ImageStore, ImageUsers } from "./image-store.ts";

const knownFilters = ["dangling", "label", "before", "since", "reference", "until"];

/** The answer of `GET /images/json`, newest first. Rejects with `InvalidParameter` or `NotFound` for a bad filter. */
export async function listImages(
  { store, users, now }: { readonly store: ImageStore; readonly users: ImageUsers; readonly now: Date },
  options: ImageListOptions,
): Promise<readonly ImageSummary[]> {
  const { filters } = options;
  checkFilterNames(filters, knownFilters);
  const dangling = booleanFilter(filters, "dangling", false);
  const hasDangling = filters.has("dangling");
  const inTime = await timeFilter(store, filters, now);
  const images = await store.sound();
  const summaries = images.flatMap((image): readonly ImageSummary[] => {
    if (!inTime(image) || !matchesLabels(image.config.config.labels ?? {}, filters.get("label"))) return [];
    const all = store.referencesOf(image.id);
    const patterns = filters.get("reference");
    const shown = patterns ? all.filter((name) => patterns.some((pattern) => familiarMatch(pattern, name))) : all;
    if (patterns && shown.length === 0) return [];
    const names = repoNames(shown);
    if (all.length === 0) {
      if (!options.all && store.childrenOf(image.id).length > 0) return [];
      if (hasDangling && !dangling) return [];
    } else if (dangling && names.RepoTags.length > 0) return [];
    return [summary(image, names, users, options.sharedSize ? sharedSize(image, images) : -1)];
  });
  return summaries.sort((a, b) => b.Created - a.Created);
}

function summary(
  image: Image,
  names: { readonly RepoTags: string[]; readonly RepoDigests: string[] },
  users: ImageUsers,
  shared: number,
): ImageSummary {
  return {
    Containers: users.containersOf(image.id).length,
    Created: createdSeconds(image.config.created),
    Id: image.id,
    Labels: image.config.config.labels ?? null,
    ParentId: image.record.parent ?? "",
    RepoDigests: names.RepoDigests,
    RepoTags: names.RepoTags,
    SharedSize: shared,
    Size: imageSize(image),
  };
}

/** Bytes of the layers that another image has too. */
function sharedSize(image: Image, images: readonly Image[]): number {
  const others = new Set(images.filter(({ id }) => id !== image.id).flatMap(({ config }) => config.diffIds));
  return image.record.layers.reduce((sum, { diffId, size }) => (others.has(diffId) ? sum + size : sum), 0);
}

async function timeFilter(store: ImageStore, filters: Filters, now: Date): Promise<(image: Image) => boolean> {
  const timesOf = async (name: string) => {
    const images = await Promise.all((filters.get(name) ?? []).map((value) => store.resolve(value)));
    return images.map(({ config }) => Date.parse(config.created ?? ""));
  };
  const [before, since] = [await timesOf("before"), await timesOf("since")];
  const until = (filters.get("until") ?? []).map((value) => untilTime(value, now));
  return ({ config }) => {
    const created = Date.parse(config.created ?? "");
    return (
      before.every((time) => created < time) &&
      since.every((time) => created > time) &&
      until.every((time) => created <= time)
    );
  };
}

/** Matches a pattern of the `reference` filter against the familiar forms of a name, as Go's path.Match does. */
function familiarMatch(pattern: string, reference: Reference): boolean {
  const matches = globPattern(pattern);
  return matches(familiarString(reference)) || matches(familiarName(reference));
}

/** Takes time in proportion to pattern and text, as a RegExp of several stars does not. */
function globPattern(pattern: string): (text: string) => boolean {
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) throw invalidParameter("syntax error in pattern");
      const body = pattern.slice(at + 1, end).replace(/[\\\]]/g, "\\$&");
      source += `[${body}]`;
      at = end;
    } else source += char.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  }
  try {
    return compilePattern(`^${source}$`);
  } catch (cause) {
    throw invalidParameter("syntax error in pattern", { cause });
  }
}
