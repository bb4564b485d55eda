import type { GuestOperation } from "../shim/guest.ts";
import type { Metrics } from "./runtime.ts";
import type { LinuxResources } from "./spec/types.ts";

/** The files of a cgroup (version 2) that are looked at. */
export const cgroupFileNames = [
  "cpu.stat",
  "memory.current",
  "memory.max",
  "memory.stat",
  "pids.current",
  "pids.max",
  "io.stat",
] as const;

/** As the kernel writes them. */
export type CgroupFiles = Readonly<Partial<Record<(typeof cgroupFileNames)[number], string>>>;

/** `procStat` is `/proc/stat` of the guest. Microseconds and clock ticks (1/100 s) become nanoseconds. */
export function parseMetrics(files: CgroupFiles, procStat: string): Metrics {
  const cpu = parseFlat(files["cpu.stat"]);
  return {
    cpu: {
      total: (cpu.usage_usec ?? 0) * 1000,
      user: (cpu.user_usec ?? 0) * 1000,
      system: (cpu.system_usec ?? 0) * 1000,
      periods: cpu.nr_periods ?? 0,
      throttledPeriods: cpu.nr_throttled ?? 0,
      throttledTime: (cpu.throttled_usec ?? 0) * 1000,
    },
    systemCpu: systemCpu(procStat),
    memory: {
      usage: Number(files["memory.current"]) || 0,
      limit: parseLimit(files["memory.max"]),
      stat: parseFlat(files["memory.stat"]),
    },
    pids: { current: Number(files["pids.current"]) || 0, limit: parseLimit(files["pids.max"]) },
    io: parseIo(files["io.stat"]),
  };
}

/** Counts of `memory.events`, `cpu.stat` and their like: a name and a number a line. */
export function parseFlat(text = ""): Record<string, number> {
  const values: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const [name, value] = line.split(" ");
    if (name && value !== undefined && Number.isFinite(Number(value))) values[name] = Number(value);
  }
  return values;
}

function parseLimit(text = ""): number | undefined {
  const value = text.trim();
  return value === "" || value === "max" ? undefined : Number(value);
}

function parseIo(text = ""): Metrics["io"] {
  const entries: { major: number; minor: number; op: string; value: number }[] = [];
  for (const line of text.split("\n")) {
    const [device, ...fields] = line.split(" ");
    const numbers = /^(\d+):(\d+)$/.exec(device ?? "");
    if (!numbers) continue;
    for (const field of fields) {
      const [name, value] = field.split("=");
      const op = name === "rbytes" ? "read" : name === "wbytes" ? "write" : undefined;
      if (op) entries.push({ major: Number(numbers[1]), minor: Number(numbers[2]), op, value: Number(value) });
    }
  }
  return entries;
}

/** Ticks of user, nice, system, idle, iowait, irq, softirq and steal; guest time is in user already. */
function systemCpu(procStat: string): number {
  const fields = (/^cpu +(.*)$/m.exec(procStat)?.[1] ?? "").split(" ").slice(0, 8);
  return fields.reduce((sum, field) => sum + (Number(field) || 0), 0) * 10_000_000;
}

/** Writes limits into a cgroup. The OCI values are those of cgroup version 1: shares become a weight as crun makes them. */
export function resourceOperations(cgroup: string, resources: LinuxResources): GuestOperation[] {
  const operations: GuestOperation[] = [];
  const write = (name: string, value: string) =>
    operations.push({ op: "write", path: `${cgroup}/${name}`, bytes: new TextEncoder().encode(value), mode: 0o644 });
  const { memory, cpu, pids } = resources;
  const bytes = (value: number) => (value < 0 ? "max" : String(value));
  if (memory?.swap !== undefined && memory.swap !== 0) {
    const swap = memory.swap < 0 ? -1 : memory.swap - (memory.limit ?? 0);
    write("memory.swap.max", bytes(swap));
  }
  if (memory?.limit) write("memory.max", bytes(memory.limit));
  if (memory?.reservation) write("memory.low", bytes(memory.reservation));
  if (cpu?.shares) write("cpu.weight", String(1 + Math.floor(((cpu.shares - 2) * 9999) / 262_142)));
  if (cpu?.quota || cpu?.period) {
    write("cpu.max", `${cpu.quota && cpu.quota > 0 ? cpu.quota : "max"} ${cpu.period || 100_000}`);
  }
  if (pids) write("pids.max", pids.limit > 0 ? String(pids.limit) : "max");
  return operations;
}
