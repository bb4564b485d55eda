import type { SpecMount } from "./types.ts";

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
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro", "nosuid", "noexec", "nodev"] },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777"] },
];

export interface MountOptions {
  readonly user: readonly SpecMount[];
  /** Bytes of /dev/shm; undefined leaves it out (`--ipc none`); `host` is the guest's own. */
  readonly shm: number | "host" | undefined;
  readonly readOnlyRoot: boolean;
  readonly privileged: boolean;
}

/** All mounts of a container, shallow ones first: what the user mounts replaces a default, a /dev all that is below it. */
export function containerMounts({ user, shm, readOnlyRoot, privileged }: MountOptions): readonly SpecMount[] {
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
  if (shm === "host") return { ...mount, type: "bind", source: "/dev/shm", options: ["rbind", "rprivate"] };
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
