import type { GraphDriver } from "../api/types/container.ts";
import type { ImageConfig as ApiImageConfig, ImageHistoryItem, ImageInspect } from "../api/types/image.ts";
import { zeroTime } from "../internal/clock.ts";
import type { HistoryEntry, RunConfig } from "../oci/image-config.ts";
import { familiarName, familiarString, type Reference } from "../reference/reference.ts";
import type { Image } from "./image-store.ts";

/** Names of an image as the API lists them. */
export function repoNames(references: readonly Reference[]): {
  readonly RepoTags: string[];
  readonly RepoDigests: string[];
} {
  return {
    RepoTags: references.filter(({ digest }) => digest === undefined).map(familiarString),
    RepoDigests: references
      .filter(({ digest }) => digest !== undefined)
      .map((name) => `${familiarName(name)}@${name.digest}`),
  };
}

/** Bytes of all layers, unpacked. */
export function imageSize({ record }: Image): number {
  return record.layers.reduce((sum, { size }) => sum + size, 0);
}

/** Seconds since the epoch; 0 when the image does not say. */
export function createdSeconds(created: string | undefined): number {
  const milliseconds = Date.parse(created ?? "");
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}

/** The answer of `GET /images/{name}/json`, in the field order of Docker's. */
export function inspectImage(image: Image, references: readonly Reference[], graphDriver: GraphDriver): ImageInspect {
  const { config, record } = image;
  return {
    Id: image.id,
    ...repoNames(references),
    Parent: record.parent ?? "",
    Comment: config.comment ?? config.history.at(-1)?.comment ?? "",
    ...(config.created === undefined ? {} : { Created: config.created }),
    DockerVersion: config.dockerVersion ?? "",
    Author: config.author ?? "",
    Architecture: config.platform.architecture,
    ...(config.platform.variant === undefined ? {} : { Variant: config.platform.variant }),
    Os: config.platform.os,
    Size: imageSize(image),
    GraphDriver: { Data: graphDriver.Data, Name: graphDriver.Name },
    RootFS: { Type: "layers", ...(config.diffIds.length > 0 ? { Layers: config.diffIds } : {}) },
    Metadata: { LastTagTime: record.tagged ?? zeroTime },
    Config: runConfigJson(config.config),
  };
}

/** Field by field in the alphabet, as Docker writes it, and with its nulls. */
function runConfigJson(config: RunConfig): ApiImageConfig {
  const { healthcheck } = config;
  return {
    ...(config.argsEscaped ? { ArgsEscaped: true } : {}),
    Cmd: config.cmd ?? null,
    Entrypoint: config.entrypoint ?? null,
    Env: config.env ?? null,
    ...(config.exposedPorts ? { ExposedPorts: nameSet(config.exposedPorts) } : {}),
    ...(healthcheck
      ? {
          Healthcheck: {
            ...(healthcheck.test ? { Test: healthcheck.test } : {}),
            ...(healthcheck.interval ? { Interval: healthcheck.interval } : {}),
            ...(healthcheck.timeout ? { Timeout: healthcheck.timeout } : {}),
            ...(healthcheck.startPeriod ? { StartPeriod: healthcheck.startPeriod } : {}),
            ...(healthcheck.startInterval ? { StartInterval: healthcheck.startInterval } : {}),
            ...(healthcheck.retries ? { Retries: healthcheck.retries } : {}),
          },
        }
      : {}),
    Labels: config.labels ?? null,
    OnBuild: config.onBuild ?? null,
    ...(config.shell ? { Shell: config.shell } : {}),
    ...(config.stopSignal ? { StopSignal: config.stopSignal } : {}),
    User: config.user ?? "",
    Volumes: config.volumes ? nameSet(config.volumes) : null,
    WorkingDir: config.workingDir ?? "",
  };
}

function nameSet(names: readonly string[]): Record<string, Record<string, never>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/**
 * The answer of `GET /images/{name}/history`, newest first. `parents` are the images that this one was built upon here,
 * nearest first: the steps that end in them carry their IDs.
 */
export function imageHistory(
  image: Image,
  tags: (id: Image["id"]) => readonly string[],
  parents: readonly Image[],
): readonly ImageHistoryItem[] {
  const entries = image.config.history;
  const sizes = layerSizes(image, entries);
  const owners = new Map([...parents].reverse().map((parent) => [parent.config.history.length, parent.id]));
  owners.set(entries.length, image.id);
  const items = entries.map((entry, index) => {
    const owner = owners.get(index + 1);
    const names = owner ? tags(owner) : [];
    return {
      Comment: entry.comment ?? "",
      Created: createdSeconds(entry.created),
      CreatedBy: entry.createdBy ?? "",
      Id: owner ?? "<missing>",
      Size: sizes[index] ?? 0,
      Tags: names.length > 0 ? names : null,
    };
  });
  return items.reverse();
}

function layerSizes({ record }: Image, entries: readonly HistoryEntry[]): readonly number[] {
  let layer = 0;
  return entries.map((entry) => {
    if (entry.emptyLayer) return 0;
    const size = record.layers[layer]?.size ?? 0;
    layer += 1;
    return size;
  });
}
