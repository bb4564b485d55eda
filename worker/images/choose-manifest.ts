import { invalidParameter, notFound } from "../errdefs/errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Index } from "../oci/manifest.ts";
import { choosePlatform, formatPlatform, type Platform } from "../oci/platform.ts";

/**
 * The manifest of an index that suits the platforms, best first. One of which the index tells no platform may suit: what it
 * names says so. Rejects with `NotFound` and the list of what there is.
 */
export function chooseManifest(index: Index, platforms: readonly Platform[]): Descriptor {
  const chosen =
    choosePlatform(platforms, index.manifests, (entry) => entry.platform) ??
    index.manifests.find((entry) => entry.platform === undefined);
  if (chosen) return chosen;
  const there = new Set(index.manifests.flatMap(({ platform }) => nameOf(platform)));
  const list = there.size > 0 ? [...there].sort().join(", ") : "none";
  throw notFound(`no matching manifest for ${wanted(platforms)} in the manifest list entries (there is: ${list})`);
}

/** Rejects with `NotFound` an image that is for another platform than all of these. `name` is how the user named it. */
export function checkPlatform(actual: Platform, platforms: readonly Platform[], name: string): void {
  if (choosePlatform(platforms, [actual], (platform) => platform)) return;
  throw notFound(
    `image with reference ${name} was found but its platform (${formatPlatform(actual)}) does not match the specified platform (${wanted(platforms)})`,
  );
}

/** Rejects with `InvalidParameter` what no machine of this engine runs, as Docker does whatever platform is asked for. */
export function checkSystem({ os }: Platform): void {
  if (os === "linux") return;
  throw invalidParameter(
    `image operating system ${JSON.stringify(os)} cannot be used on this platform: operating system is not supported`,
  );
}

function wanted(platforms: readonly Platform[]): string {
  return platforms.map(formatPlatform).join(" or ");
}

/** Attestations are listed with an unknown platform: no image that a user could want. */
function nameOf(platform: Platform | undefined): readonly string[] {
  return platform && platform.os !== "unknown" ? [formatPlatform(platform)] : [];
}
