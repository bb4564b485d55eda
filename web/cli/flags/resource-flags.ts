import type { Flag } from "./flag.ts";

/** The limits that a container is made with, and that `update` changes. */
export const resourceFlags: readonly Flag[] = [
  {
    name: "blkio-weight",
    type: "uint16",
    usage: "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)",
  },
  { name: "cpu-period", type: "int", usage: "Limit CPU CFS (Completely Fair Scheduler) period" },
  { name: "cpu-quota", type: "int", usage: "Limit CPU CFS (Completely Fair Scheduler) quota" },
  { name: "cpu-shares", short: "c", type: "int", usage: "CPU shares (relative weight)" },
  { name: "cpus", type: "decimal", usage: "Number of CPUs" },
  { name: "cpuset-cpus", type: "string", usage: "CPUs in which to allow execution (0-3, 0,1)" },
  { name: "cpuset-mems", type: "string", usage: "MEMs in which to allow execution (0-3, 0,1)" },
  { name: "memory", short: "m", type: "bytes", usage: "Memory limit" },
  { name: "memory-reservation", type: "bytes", usage: "Memory soft limit" },
  { name: "pids-limit", type: "int", usage: "Tune container pids limit (set -1 for unlimited)" },
];
