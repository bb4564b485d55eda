import type { HostConfig, MountPoint, MountRequest } from "../api/types/host-config.ts";
import { errorMessage, invalidParameter, notImplemented } from "../errdefs/errors.ts";
import { cleanPath } from "../internal/clean-path.ts";
import { checkName } from "../volumes/local-driver.ts";
import type { ContainerMount } from "./record.ts";

/** A mount as the request asks for it, before volumes are found and binds are looked for. */
export interface PlannedMount {
  readonly type: "bind" | "volume" | "tmpfs";
  /** A path for a bind, a name for a volume ("" is an anonymous one). */
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
  readonly mode: string;
  readonly propagation: string;
  readonly copy: boolean;
  /** `-v` makes a missing bind source; `--mount` refuses it. */
  readonly create: boolean;
  readonly recursive: boolean;
  readonly driver?: string;
  readonly driverOptions?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly tmpfs?: MountRequest["TmpfsOptions"];
}

const propagations = ["private", "rprivate", "slave", "rslave", "shared", "rshared"];

/**
 * All mounts of a create request; those of the image's volumes last, and only where nothing else is mounted. Throws
 * `InvalidParameter` with Docker's texts.
 */
export function planMounts(
  host: Pick<HostConfig, "Binds" | "Mounts" | "Tmpfs" | "VolumeDriver">,
  volumes: Readonly<Record<string, unknown>>,
  others: readonly PlannedMount[] = [],
): readonly PlannedMount[] {
  const driver = host.VolumeDriver === "" ? {} : { driver: host.VolumeDriver };
  const bind = (text: string) => {
    const mount = parseBind(text);
    return mount.type === "volume" ? { ...mount, ...driver } : mount;
  };
  const planned = [...(host.Binds ?? []).map(bind), ...(host.Mounts ?? []).map(parseMount)];
  const taken = new Set(Object.keys(host.Tmpfs ?? {}).map(checkTmpfs));
  for (const { destination } of planned) {
    if (taken.has(destination)) throw invalidParameter(`Duplicate mount point: ${destination}`);
    taken.add(destination);
  }
  // Of several containers that have a mount in one place, the last one's counts.
  const inherited = new Map(
    others.flatMap((mount) => (taken.has(mount.destination) ? [] : [[mount.destination, mount] as const])),
  );
  // A Dockerfile's VOLUME may be relative: to the root, and not above it.
  const places = Object.keys(volumes).map((place) => checkDestination("volume", cleanPath(`/${place}`), place));
  const anonymous = [...new Set(places)]
    .filter((destination) => !taken.has(destination) && !inherited.has(destination))
    .map((destination): PlannedMount => ({ ...plain, type: "volume", destination, copy: true, ...driver }));
  return [...inherited.values(), ...planned, ...anonymous];
}

/** The volumes and bind mounts of another container: `--volumes-from CONTAINER[:MODE]`. Throws `InvalidParameter`. */
export function mountsFrom(
  text: string,
  find: (reference: string) => { readonly record: { readonly mounts: readonly ContainerMount[] } },
): readonly PlannedMount[] {
  if (text === "") throw invalidParameter("volumes-from specification cannot be an empty string");
  const colon = text.indexOf(":");
  const [reference, mode] = colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
  const flags = parseMode(mode, "volume");
  return find(reference).record.mounts.flatMap(({ point, copy, recursive }) =>
    point.Type === "bind" || point.Type === "volume"
      ? [
          {
            ...{ type: point.Type, source: point.Name ?? point.Source, destination: point.Destination },
            ...{ readOnly: !point.RW || flags.includes("ro"), mode: "", propagation: point.Propagation },
            ...{ copy: copy && !flags.includes("nocopy"), create: false, recursive },
          },
        ]
      : [],
  );
}

/** The mount as inspect shows it. */
export function mountPoint(
  mount: PlannedMount,
  found: { readonly name?: string; readonly source: string },
): MountPoint {
  return {
    Type: mount.type,
    ...(found.name !== undefined && { Name: found.name }),
    Source: found.source,
    Destination: mount.destination,
    ...(mount.type === "volume" && { Driver: mount.driver || "local" }),
    Mode: mount.mode,
    RW: !mount.readOnly,
    Propagation: mount.type === "bind" ? mount.propagation || "rprivate" : "",
  };
}

const plain = {
  source: "",
  readOnly: false,
  mode: "",
  propagation: "",
  copy: false,
  create: false,
  recursive: true,
} as const;

/** `SOURCE:DESTINATION[:MODE]`, or a destination alone, for a volume without a name. */
function parseBind(text: string): PlannedMount {
  const invalid = (reason: string) => invalidParameter(`invalid volume specification: '${text}'${reason}`);
  const parts = text.split(":");
  const [source = "", destination = "", mode = ""] = parts;
  if (parts.length > 3 || parts.some((part) => part === "")) throw invalid("");
  if (parts.length === 1) {
    return { ...plain, type: "volume", destination: destinationOf(source, "volume", invalid), copy: true };
  }
  const type = source.startsWith("/") ? "bind" : "volume";
  const target = destinationOf(destination, type, invalid);
  if (type === "volume" && mode.split(",").some((flag) => propagations.includes(flag))) {
    throw invalid(': invalid mount config for type "volume": field BindOptions must not be specified');
  }
  const flags = parseMode(mode, type);
  if (type === "volume") checkName(source);
  return {
    ...plain,
    type,
    source: type === "bind" ? cleanPath(source) : source,
    destination: target,
    readOnly: flags.includes("ro"),
    mode: mode !== "" ? mode : type === "volume" ? "z" : "",
    propagation: flags.find((flag) => propagations.includes(flag)) ?? "",
    copy: type === "volume" && !flags.includes("nocopy"),
    create: type === "bind",
  };
}

function destinationOf(path: string, type: string, invalid: (reason: string) => Error): string {
  try {
    return checkDestination(type, path, path);
  } catch (error) {
    throw invalid(`: ${errorMessage(error)}`);
  }
}

function parseMode(mode: string, type: "bind" | "volume"): readonly string[] {
  if (mode === "") return [];
  const flags = mode.split(",");
  const known = ["ro", "rw", "z", "Z", "consistent", "cached", "delegated"];
  const allowed = type === "bind" ? [...known, ...propagations] : [...known, "nocopy"];
  const groups = [["ro", "rw"], ["z", "Z"], propagations];
  const twice = groups.some((group) => flags.filter((flag) => group.includes(flag)).length > 1);
  if (twice || flags.some((flag) => !allowed.includes(flag))) throw invalidParameter(`invalid mode: ${mode}`);
  return flags;
}

const exclusiveOptions = [
  ["BindOptions", "bind"],
  ["VolumeOptions", "volume"],
  ["TmpfsOptions", "tmpfs"],
] as const;

/** One of `--mount`. Throws `InvalidParameter` with Docker's texts. */
export function parseMount(request: MountRequest): PlannedMount {
  const { Type, Source = "", ReadOnly = false } = request;
  const invalid = (reason: string) => invalidParameter(`invalid mount config for type "${Type}": ${reason}`);
  if (request.Target === undefined || request.Target === "") throw invalid("field Target must not be empty");
  for (const [name, type] of exclusiveOptions) {
    if (request[name] === undefined || type === Type) continue;
    throw invalidParameter(`${name} must not be specified on mount type ${JSON.stringify(Type)}`);
  }
  const destination = checkDestination(Type, request.Target, request.Target);
  const common = { ...plain, destination, readOnly: ReadOnly };
  switch (Type) {
    case "bind": {
      const { BindOptions: options = {} } = request;
      if (Source === "") throw invalid("field Source must not be empty");
      if (!Source.startsWith("/")) throw invalid(`invalid mount path: '${Source}' mount path must be absolute`);
      if (options.Propagation && !propagations.includes(options.Propagation)) {
        throw invalid(`invalid propagation mode: ${options.Propagation}`);
      }
      return {
        ...common,
        type: "bind",
        source: cleanPath(Source),
        propagation: options.Propagation ?? "",
        create: options.CreateMountpoint ?? false,
        recursive: !options.NonRecursive,
      };
    }
    case "volume": {
      const { VolumeOptions: options = {} } = request;
      if (options.Subpath) throw notImplemented("mounting a part of a volume (volume-subpath) is not supported yet");
      return {
        ...common,
        type: "volume",
        source: Source,
        mode: "z",
        copy: !options.NoCopy,
        ...(options.DriverConfig?.Name && { driver: options.DriverConfig.Name }),
        ...(options.DriverConfig?.Options && { driverOptions: options.DriverConfig.Options }),
        ...(options.Labels && { labels: options.Labels }),
      };
    }
    case "tmpfs":
      if (Source !== "") throw invalid("field Source must not be specified");
      return { ...common, type: "tmpfs", ...(request.TmpfsOptions && { tmpfs: request.TmpfsOptions }) };
    default:
      if (["image", "cluster", "npipe"].includes(Type)) {
        throw notImplemented(`mounts of type "${Type}" are not supported yet`);
      }
      throw invalid("mount type unknown");
  }
}

/** Docker's text for a destination that cannot be. */
function checkDestination(type: string, destination: string, given: string): string {
  const clean = cleanPath(destination);
  if (!destination.startsWith("/")) {
    throw invalidParameter(
      `invalid mount config for type "${type}": invalid mount path: '${given}' mount path must be absolute`,
    );
  }
  if (clean === "/") {
    throw invalidParameter(`invalid mount config for type "${type}": invalid specification: destination can't be '/'`);
  }
  return clean;
}

/** The place of one of `--tmpfs`, cleaned. Throws `InvalidParameter` with Docker's texts. */
export function checkTmpfs(destination: string): string {
  if (!destination.startsWith("/")) {
    throw invalidParameter(`invalid mount path: '${destination}' mount path must be absolute`);
  }
  const clean = cleanPath(destination);
  if (clean === "/") throw invalidParameter("invalid specification: destination can't be '/'");
  return clean;
}
