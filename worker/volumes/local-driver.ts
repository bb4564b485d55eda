import { invalidParameter, notFound, notImplemented, system } from "../errdefs/errors.ts";
import type { GuestOperation } from "../shim/guest.ts";

/** The only volume driver there is, as Docker's `local`. */
export const localDriver = "local";

export type DriverOptions = Readonly<Record<string, string>>;

const volumeFolder = "/var/lib/docker/volumes";
const allowedName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const longestName = 255;
const knownOptions = new Set(["type", "o", "device", "size"]);

/** Where a volume's content is in the guest. */
export function mountpointOf(name: string): string {
  return `${volumeFolder}/${name}/_data`;
}

/** The folder that holds the volume, to be removed with it. */
function folderOf(name: string): string {
  return `${volumeFolder}/${name}`;
}

/** Throws `NotFound` for a driver that is not there, as Docker does for a plugin. */
export function checkDriver(name: string, driver: string): void {
  if (driver === localDriver) return;
  throw notFound(`create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`);
}

/** Throws `InvalidParameter` with Docker's text. */
export function checkName(name: string): void {
  if (name.length === 1) {
    throw invalidParameter(
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  }
  if (!allowedName.test(name)) {
    throw invalidParameter(
      `create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only ` +
        `"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
  if (name.length > longestName) {
    const folder = folderOf(name);
    throw invalidParameter(
      `create ${name}: error while creating volume root path '${folder}': mkdir ${folder}: file name too long`,
    );
  }
}

/** Throws `InvalidParameter` for options that the driver does not know, `NotImplemented` for what the guest cannot mount. */
export function checkOptions(name: string, options: DriverOptions): void {
  for (const key of Object.keys(options)) {
    if (!knownOptions.has(key)) throw invalidParameter(`create ${name}: invalid option: ${JSON.stringify(key)}`);
  }
  if (options.size) throw invalidParameter(`create ${name}: quota size requested but no quota support`);
  if (!options.type && !options.o && !options.device) return;
  for (const required of ["device", "type"]) {
    if (!options[required]) throw invalidParameter(`create ${name}: missing required option: "${required}"`);
  }
  if (options.type !== "tmpfs" && !isBind(options)) {
    throw notImplemented(`create ${name}: volumes of type ${JSON.stringify(options.type)} are not supported yet`);
  }
}

/** Where in the guest a folder is that a client names (`-o o=bind`). Undefined: it cannot be reached from there. */
export interface BindPlaces {
  resolve(source: string): { readonly root?: string; readonly path: string } | undefined;
}

/** What makes the volume's folder, and mounts what its options ask for. Throws `System` when that cannot be reached. */
export function makeOperations(name: string, options: DriverOptions, binds: BindPlaces): GuestOperation[] {
  const target = mountpointOf(name);
  const made: GuestOperation = { op: "mkdir", path: target, mode: 0o755, parents: true };
  const { type, device, o } = options;
  if (!type || !device) return [made];
  const flags = o ? o.split(",") : [];
  if (!isBind(options)) return [made, { op: "mount", source: device, target, type, options: flags }];
  const place = binds.resolve(device);
  if (!place) throw mountFailure(name, options, "no such file or directory");
  const { root, path } = place;
  if (root === undefined) return [made, { op: "mount", source: path, target, type: "bind", options: flags }];
  return [
    { op: "mkdir", path: folderOf(name), mode: 0o755, parents: true },
    // A symlink in what is shared must not lead out of it.
    { op: "bind", root, source: path, target },
  ];
}

/** Flags that the volume's options ask for, for whoever mounts it: what binds a mount anew sets its flags anew. */
export function mountFlags({ o = "" }: DriverOptions): readonly string[] {
  return o.split(",").filter((option) => knownFlags.includes(option));
}

const knownFlags: readonly string[] = ["ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "relatime"];

/** Docker's sentence about a volume whose options cannot be met. */
export function mountFailure(name: string, options: DriverOptions, reason: string): Error {
  const target = mountpointOf(name);
  const flags = isBind(options) ? ", flags: 0x1000" : "";
  return system(
    `error while mounting volume '${target}': failed to mount local volume: mount ${options.device}:${target}${flags}: ${reason}`,
  );
}

const bindFlags: readonly string[] = ["bind", "rbind"];

function isBind({ o = "" }: DriverOptions): boolean {
  return o.split(",").some((flag) => bindFlags.includes(flag));
}

export function removeOperations(name: string, options: DriverOptions): GuestOperation[] {
  const remove: GuestOperation = { op: "remove", path: folderOf(name), recursive: true, missingOk: true };
  if (!options.type) return [remove];
  return [{ op: "unmount", target: mountpointOf(name), lazy: true, missingOk: true }, remove];
}
