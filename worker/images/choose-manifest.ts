import { notFound } from "../errdefs/errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Index } from "../oci/manifest.ts";
import { choosePlatform, formatPlatform, type Platform } from "../oci/platform.ts";
import { familiarString, type Reference } from "../reference/reference.ts";

/** The manifest of an index that suits the platforms, best first. Rejects with `NotFound` and the list of what there is. */
export function chooseManifest(index: Index, platforms: readonly Platform[]): Descriptor {
  const chosen = choosePlatform(platforms, index.manifests, (entry) => entry.platform);
  if (chosen) return chosen;
  const there = new Set(index.manifests.flatMap(({ platform }) => nameOf(platform)));
  const list = there.size > 0 ? [...there].sort().join(", ") : "none";
  throw notFound(`no matching manifest for ${wanted(platforms)} in the manifest list entries (there is: ${list})`);
}

/** Rejects with `NotFound` an image that is for another platform than all of these. */
export function checkPlatform(actual: Platform, platforms: readonly Platform[], reference: Reference): void {
  if (choosePlatform(platforms, [actual], (platform) => platform)) return;
  throw notFound(
    `image with reference ${familiarString(reference)} was found but its platform (${formatPlatform(actual)}) does not match the specified platform (${wanted(platforms)})`,
  );
}

function wanted(platforms: readonly Platform[]): string {
  return platforms.map(formatPlatform).join(" or ");
}

/** Attestations are listed with an unknown platform: no image that a user could want. */
function nameOf(platform: Platform | undefined): readonly string[] {
  return platform && platform.os !== "unknown" ? [formatPlatform(platform)] : [];
}
