import { parseBool } from "../../../worker/internal/strconv.ts";
import { ramInBytes } from "../../../worker/internal/units/size.ts";
import { csvFields, cut } from "./cut.ts";

/** A mount as POST /containers/create takes it in HostConfig.Mounts. */
export interface MountSpec {
  Type: string;
  Source?: string;
  Target?: string;
  ReadOnly?: boolean;
  Consistency?: string;
  BindOptions?: {
    Propagation?: string;
    NonRecursive?: boolean;
    ReadOnlyNonRecursive?: boolean;
    ReadOnlyForceRecursive?: boolean;
  };
  VolumeOptions?: {
    NoCopy?: boolean;
    Labels: Record<string, string>;
    Subpath?: string;
    DriverConfig: { Name?: string; Options?: Record<string, string> };
  };
  ImageOptions?: { Subpath?: string };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number };
}

export function checkMount(value: string): string {
  parseMount(value, (path) => path);
  return value;
}

export function mountWarnings(value: string): string[] {
  const isOld = csvFields(value).some((field) => field.toLowerCase().startsWith("bind-nonrecursive="));
  return isOld ? ["bind-nonrecursive is deprecated, use bind-recursive=disabled instead"] : [];
}

/**
 * The value of `--mount`: `type=bind,source=/a,target=/b,readonly`.
 * @param resolve makes a path that starts with a dot absolute
 * @throws Error with Docker's message
 */
export function parseMount(value: string, resolve: (path: string) => string): MountSpec {
  const mount: MountSpec = { Type: "volume" };
  for (const field of csvFields(value)) applyField(mount, parseField(field), resolve);
  checkConsistency(mount);
  return mount;
}

/** One `KEY=VALUE`, or `KEY` alone where that is a flag. */
interface Field {
  readonly key: string;
  readonly text: string;
  /** As it was written. */
  readonly whole: string;
  flag(): boolean;
}

function parseField(whole: string): Field {
  const [rawKey, text, hasValue] = cut(whole, "=");
  const key = rawKey.toLowerCase();
  if (!hasValue && !["readonly", "ro", "volume-nocopy", "bind-nonrecursive"].includes(key)) {
    throw new Error(`invalid field '${whole}' must be a key=value pair`);
  }
  return { key, text, whole, flag: () => (hasValue ? mountBool(key, text) : true) };
}

function applyField(mount: MountSpec, field: Field, resolve: (path: string) => string): void {
  const { key, text } = field;
  switch (key) {
    case "type":
      mount.Type = text.toLowerCase();
      break;
    case "source":
    case "src":
      mount.Source = text.startsWith(".") ? resolve(text) : text;
      break;
    case "target":
    case "dst":
    case "destination":
      mount.Target = text;
      break;
    case "readonly":
    case "ro":
      mount.ReadOnly = field.flag();
      break;
    case "consistency":
      mount.Consistency = text.toLowerCase();
      break;
    default:
      applyTypedField(mount, field);
  }
}

function applyTypedField(mount: MountSpec, field: Field): void {
  const { key, text } = field;
  const kind = key.split("-", 1)[0];
  if (kind === "bind") applyBindField(mount, field);
  else if (kind === "volume") applyVolumeField(mount, field);
  else if (key === "image-subpath") mount.ImageOptions = { Subpath: text };
  else if (kind === "tmpfs") applyTmpfsField(mount, field);
  else throw unexpected(field);
}

function applyBindField(mount: MountSpec, field: Field): void {
  const { key, text } = field;
  mount.BindOptions ??= {};
  const options = mount.BindOptions;
  if (key === "bind-propagation") options.Propagation = text.toLowerCase();
  else if (key === "bind-nonrecursive") options.NonRecursive = field.flag();
  else if (key === "bind-recursive") {
    if (text === "disabled") options.NonRecursive = true;
    else if (text === "writable") options.ReadOnlyNonRecursive = true;
    else if (text === "readonly") options.ReadOnlyForceRecursive = true;
    else if (text !== "enabled") {
      throw new Error(`invalid value for ${key}: ${text} (must be "enabled", "disabled", "writable", or "readonly")`);
    }
  } else throw unexpected(field);
}

function applyVolumeField(mount: MountSpec, field: Field): void {
  const { key, text } = field;
  mount.VolumeOptions ??= { Labels: {}, DriverConfig: {} };
  const options = mount.VolumeOptions;
  const [name, value] = cut(text, "=");
  if (key === "volume-subpath") options.Subpath = text;
  else if (key === "volume-nocopy") options.NoCopy = field.flag();
  else if (key === "volume-driver") options.DriverConfig.Name = text;
  else if (key === "volume-label" && name !== "") options.Labels[name] = value;
  else if (key === "volume-opt" && name !== "") {
    options.DriverConfig.Options = { ...options.DriverConfig.Options, [name]: value };
  } else if (key !== "volume-label" && key !== "volume-opt") throw unexpected(field);
}

function applyTmpfsField(mount: MountSpec, field: Field): void {
  const { key, text } = field;
  mount.TmpfsOptions ??= {};
  const invalid = () => new Error(`invalid value for ${key}: ${text}`);
  if (key === "tmpfs-size") {
    try {
      mount.TmpfsOptions.SizeBytes = ramInBytes(text);
    } catch {
      throw invalid();
    }
  } else if (key === "tmpfs-mode") {
    if (!/^[0-7]+$/.test(text)) throw invalid();
    mount.TmpfsOptions.Mode = Number.parseInt(text, 8);
  } else throw unexpected(field);
}

function checkConsistency(mount: MountSpec): void {
  if (mount.Type === "") throw new Error("type is required");
  if (!mount.Target) throw new Error("target is required");
  const groups = [
    ["volume", mount.VolumeOptions],
    ["image", mount.ImageOptions],
    ["bind", mount.BindOptions],
    ["tmpfs", mount.TmpfsOptions],
  ] as const;
  for (const [kind, options] of groups) {
    if (options && mount.Type !== kind) {
      throw new Error(`cannot mix '${kind}-*' options with mount type '${mount.Type}'`);
    }
  }
  const needs = (option: string, requirement: string) =>
    new Error(`option '${option}' requires '${requirement}' to be specified in conjunction`);
  const bind = mount.BindOptions;
  if (bind?.ReadOnlyNonRecursive && !mount.ReadOnly) throw needs("bind-recursive=writable", "readonly");
  if (bind?.ReadOnlyForceRecursive) {
    if (!mount.ReadOnly) throw needs("bind-recursive=readonly", "readonly");
    if (bind.Propagation !== "rprivate") throw needs("bind-recursive=readonly", "bind-propagation=rprivate");
  }
}

function mountBool(key: string, text: string): boolean {
  try {
    return parseBool(text);
  } catch {
    throw new Error(`invalid value for ${key}: ${text}`);
  }
}

function unexpected({ key, whole }: Field): Error {
  return new Error(`unexpected key '${key}' in '${whole}'`);
}
