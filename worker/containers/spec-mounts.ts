import type { HostConfig } from "../api/types/host-config.ts";
import { invalidParameter } from "../errdefs/errors.ts";
import type { Sandbox } from "../network/sandbox.ts";
import type { SpecMount } from "../runtime/spec/types.ts";
import type { ContainerMount } from "./record.ts";

const tmpfsDefaults = ["noexec", "nosuid", "nodev", "rprivate"];

/** What Docker adds to the OCI runtime's mounts: the user's, and the files of the network. */
export function specMounts(
  mounts: readonly ContainerMount[],
  host: Pick<HostConfig, "Tmpfs" | "ReadonlyRootfs">,
  files: Sandbox["files"],
): readonly SpecMount[] {
  const own = mounts.map(specMount);
  const taken = new Set(own.map((mount) => mount.destination));
  const tmpfs = Object.entries(host.Tmpfs ?? {}).map(([destination, data]) => ({
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options: mergeTmpfs(data === "" ? [] : data.split(",")),
  }));
  const etc = [
    ["/etc/resolv.conf", files.resolvConf],
    ["/etc/hostname", files.hostname],
    ["/etc/hosts", files.hosts],
  ] as const;
  return [
    ...tmpfs,
    ...own,
    ...etc
      .filter(([destination]) => !taken.has(destination))
      .map(([destination, source]) => ({
        destination,
        type: "bind",
        source,
        options: ["rbind", "rprivate", ...(host.ReadonlyRootfs ? ["ro"] : [])],
      })),
  ];
}

function specMount({ point, path, recursive, flags = [], tmpfs }: ContainerMount): SpecMount {
  const destination = point.Destination;
  if (point.Type === "tmpfs") {
    const asked = [
      ...(tmpfs?.SizeBytes ? [`size=${tmpfs.SizeBytes}`] : []),
      ...(tmpfs?.Mode ? [`mode=${tmpfs.Mode.toString(8)}`] : []),
      ...(point.RW ? [] : ["ro"]),
    ];
    return { destination, type: "tmpfs", source: "tmpfs", options: mergeTmpfs(asked) };
  }
  const options = [
    recursive ? "rbind" : "bind",
    // "rro" (recursively read-only) is Docker's, where its OCI runtime can.
    ...new Set([...(point.RW ? [] : ["ro"]), ...flags]),
    ...(point.Propagation ? [point.Propagation] : []),
  ];
  return { destination, type: "bind", source: path, options };
}

const tmpfsFlags = new Set(
  `defaults async sync dirsync atime noatime diratime nodiratime relatime norelatime strictatime nostrictatime dev nodev
  exec noexec suid nosuid mand nomand ro rw bind rbind remount private rprivate shared rshared slave rslave unbindable
  runbindable`.split(/\s+/),
);
const tmpfsValues = new Set(["gid", "mode", "mpol", "nr_blocks", "nr_inodes", "size", "uid"]);

/** Docker's options, less those that are asked for the other way round. */
function mergeTmpfs(asked: readonly string[]): readonly string[] {
  for (const option of asked) {
    const [name = ""] = option.split("=", 1);
    const known = option.includes("=") ? tmpfsValues : tmpfsFlags;
    if (!known.has(name)) throw invalidParameter(`invalid tmpfs option ${JSON.stringify(name)}`);
  }
  const opposite: Readonly<Record<string, string>> = { exec: "noexec", suid: "nosuid", dev: "nodev" };
  const undone = new Set(asked.map((option) => opposite[option]));
  return [...new Set([...tmpfsDefaults.filter((option) => !undone.has(option)), ...asked])];
}
