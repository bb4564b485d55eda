import { refusedInit } from "../crun-errors.ts";
import type { SpecMount } from "./types.ts";

/**
 * Pseudo terminals that a container may have, where Docker sets no limit: the kernel has 4096 for all, and one takes 20 KB of memory
 * that counts as nobody's.
 */
const mostTerminals = 256;

const defaults: readonly SpecMount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", `max=${mostTerminals}`],
  },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro", "nosuid", "noexec", "nodev"] },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777"] },
];

export interface MountOptions {
  readonly user: readonly SpecMount[];
  /** Of the root filesystem, for errors. */
  readonly rootPath: string;
  /** Bytes of /dev/shm, or the folder of the guest that it is; undefined leaves it out (`--ipc none`). */
  readonly shm: number | string | undefined;
  readonly readOnlyRoot: boolean;
  readonly privileged: boolean;
}

/**
 * All mounts of a container, shallow ones first: what the user mounts replaces a default, a /dev all that is below it. Throws
 * `StartFailed` for a mount that would hide the kernel's own /proc from what looks there.
 */
export function containerMounts(options: MountOptions): readonly SpecMount[] {
  const { user, rootPath, shm, readOnlyRoot, privileged } = options;
  for (const mount of user) checkProc(mount, rootPath);
  const taken = new Set(user.map((mount) => mount.destination));
  const kept = defaults
    .filter(({ destination }) => !taken.has(destination))
    .filter(({ destination }) => !(taken.has("/dev") && destination.startsWith("/dev/")))
    .filter(({ destination }) => destination !== "/dev/shm" || shm !== undefined)
    .map((mount) => (mount.destination === "/dev/shm" ? shmMount(mount, shm) : mount))
    .map((mount) => (privileged && /^\/sys(?:\/|$)/.test(mount.destination) ? withoutReadOnly(mount) : mount))
    .map((mount) => (readOnlyRoot && mount.destination === "/sys/fs/cgroup" ? readOnly(mount) : mount));
  return [...kept, ...user.toSorted((a, b) => depth(a.destination) - depth(b.destination))];
}

function shmMount(mount: SpecMount, shm: MountOptions["shm"]): SpecMount {
  // crun drops the flags of a bind's source that are not named again.
  const flags = ["nosuid", "noexec", "nodev"];
  if (typeof shm === "string") return { ...mount, type: "bind", source: shm, options: ["rbind", "rprivate", ...flags] };
  return { ...mount, options: [...mount.options, `size=${shm}`] };
}

function withoutReadOnly(mount: SpecMount): SpecMount {
  return { ...mount, options: mount.options.filter((option) => option !== "ro") };
}

function readOnly(mount: SpecMount): SpecMount {
  return mount.options.includes("ro") ? mount : { ...mount, options: [...mount.options, "ro"] };
}

function depth(path: string): number {
  return path.split("/").filter(Boolean).length;
}

/** Files of /proc that programs such as lxcfs may replace; nothing else there may be. */
const replaceable = new Set(
  ["cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo"]
    .concat("net/dev", "sys/kernel/ns_last_pid", "sys/crypto/fips_enabled")
    .map((name) => `/proc/${name}`),
);

/** runc's rule: a /proc of somebody's own would answer for the kernel, to the runtime too when it drops rights. */
function checkProc({ destination, source }: SpecMount, rootPath: string): void {
  const inside = destination.startsWith("/proc/");
  if (inside ? replaceable.has(destination) : destination !== "/proc" || source === "/proc") return;
  const why = inside ? "inside /proc" : "not of type proc";
  throw refusedInit(
    `error mounting ${JSON.stringify(source)} to rootfs at "${destination}": create mountpoint for ${destination} mount: ` +
      `check proc-safety of ${destination} mount: "${rootPath}${destination}" cannot be mounted because it is ${why}`,
  );
}
