import { invalidParameter } from "../errdefs/errors.ts";
import { type Digest, isDigest } from "./digest.ts";
import {
  asArray,
  asObject,
  asString,
  isObject,
  type JsonObject,
  optionalKeySet,
  optionalString,
  optionalStringMap,
  optionalStrings,
  parseJsonObject,
} from "./json.ts";
import { layerLimit } from "./manifest.ts";
import type { Platform } from "./platform.ts";

/** Bytes of the largest image config that is read. */
export const imageConfigLimit = 8 * 1024 * 1024;

/** An image's configuration (OCI image-spec, "config", with Docker's additions). Its digest is the image ID. */
export interface ImageConfig {
  readonly platform: Platform;
  /** RFC 3339, as it was written. */
  readonly created?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly dockerVersion?: string;
  readonly config: RunConfig;
  /** Lowest first; digests of the uncompressed tars. */
  readonly diffIds: readonly Digest[];
  readonly history: readonly HistoryEntry[];
}

/** How a container of the image runs: defaults that `docker run` merges with its own. */
export interface RunConfig {
  readonly user?: string;
  readonly env?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly workingDir?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly exposedPorts?: readonly string[];
  readonly volumes?: readonly string[];
  readonly stopSignal?: string;
  readonly shell?: readonly string[];
  readonly onBuild?: readonly string[];
  readonly healthcheck?: Healthcheck;
  readonly argsEscaped?: boolean;
}

/** Durations are nanoseconds; 0 or absent means inherited. */
interface Healthcheck {
  readonly test?: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}

export interface HistoryEntry {
  readonly created?: string;
  readonly createdBy?: string;
  readonly author?: string;
  readonly comment?: string;
  /** The step changed no files and so has no layer. */
  readonly emptyLayer?: boolean;
}

/** Parses an image config. Rejects with `InvalidParameter`. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const document = parseJsonObject(bytes, imageConfigLimit, "image config");
  checkTime(document.created);
  const variant = optionalString(document.variant, "image config.variant");
  return {
    platform: {
      os: optionalString(document.os, "image config.os") ?? "linux",
      architecture: optionalString(document.architecture, "image config.architecture") ?? "amd64",
      ...(variant ? { variant } : {}),
    },
    ...texts(document, "image config", {
      created: "created",
      author: "author",
      comment: "comment",
      dockerVersion: "docker_version",
    }),
    config: parseRunConfig(document.config),
    diffIds: parseDiffIds(document.rootfs),
    history: parseHistory(document.history),
  };
}

/** RFC 3339, or nothing. */
function checkTime(value: unknown): void {
  if (typeof value !== "string" || value === "") return;
  const pattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)$/;
  if (!pattern.test(value))
    throw invalidParameter(`image config.created: cannot parse ${JSON.stringify(value.slice(0, 200))}`);
}

function parseDiffIds(value: unknown): readonly Digest[] {
  const rootfs = asObject(value, "image config.rootfs");
  if (rootfs.type !== "layers") throw invalidParameter('image config.rootfs.type: expected "layers"');
  const list = rootfs.diff_ids;
  if (list === undefined || list === null) return [];
  return asArray(list, layerLimit, "image config.rootfs.diff_ids").map((entry, index) => {
    if (!isDigest(entry)) throw invalidParameter(`image config.rootfs.diff_ids[${index}]: expected a sha256 digest`);
    return entry;
  });
}

function parseHistory(value: unknown): readonly HistoryEntry[] {
  if (value === undefined || value === null) return [];
  return asArray(value, 10_000, "image config.history").map((entry, index) => {
    const where = `image config.history[${index}]`;
    const fields = asObject(entry, where);
    return {
      ...texts(fields, where, { created: "created", createdBy: "created_by", author: "author", comment: "comment" }),
      ...(fields.empty_layer === true ? { emptyLayer: true } : {}),
    };
  });
}

function parseRunConfig(value: unknown): RunConfig {
  if (value === undefined || value === null) return {};
  const where = "image config.config";
  const fields = asObject(value, where);
  return {
    ...texts(fields, where, { user: "User", workingDir: "WorkingDir", stopSignal: "StopSignal" }),
    ...lists(fields, where, { env: "Env", onBuild: "OnBuild" }),
    ...defined({
      entrypoint: optionalWords(fields.Entrypoint, `${where}.Entrypoint`),
      cmd: optionalWords(fields.Cmd, `${where}.Cmd`),
      shell: optionalWords(fields.Shell, `${where}.Shell`),
      labels: optionalStringMap(fields.Labels, `${where}.Labels`),
      exposedPorts: optionalKeySet(fields.ExposedPorts, `${where}.ExposedPorts`),
      volumes: optionalKeySet(fields.Volumes, `${where}.Volumes`),
      healthcheck: parseHealthcheck(fields.Healthcheck),
      argsEscaped: fields.ArgsEscaped === true ? true : undefined,
    }),
  };
}

/** A command line; old configs have one word as a string. */
function optionalWords(value: unknown, where: string): readonly string[] | undefined {
  return typeof value === "string" ? [value] : optionalStrings(value, where);
}

function parseHealthcheck(value: unknown): Healthcheck | undefined {
  if (!isObject(value)) return undefined;
  const number = (name: string) => (typeof value[name] === "number" ? value[name] : undefined);
  return defined({
    test: optionalStrings(value.Test, "image config.config.Healthcheck.Test"),
    interval: number("Interval"),
    timeout: number("Timeout"),
    startPeriod: number("StartPeriod"),
    startInterval: number("StartInterval"),
    retries: number("Retries"),
  });
}

/** Drops what is undefined, as exactOptionalPropertyTypes asks. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function texts<K extends string>(fields: JsonObject, where: string, names: Record<K, string>): { [P in K]?: string } {
  const found = Object.entries<string>(names).flatMap(([to, from]) => {
    const value = fields[from];
    return value === undefined || value === null || value === "" ? [] : [[to, asString(value, `${where}.${from}`)]];
  });
  return Object.fromEntries(found);
}

function lists<K extends string>(
  fields: JsonObject,
  where: string,
  names: Record<K, string>,
): { [P in K]?: readonly string[] } {
  const found = Object.entries<string>(names).flatMap(([to, from]) => {
    const value = optionalStrings(fields[from], `${where}.${from}`);
    return value ? [[to, value]] : [];
  });
  return Object.fromEntries(found);
}
