import { bytesSize, humanSize } from "../../../worker/internal/units/size.ts";
import type { Field, Listing } from "./listing.ts";
import { truncateId } from "./text.ts";

interface CpuStats {
  readonly cpu_usage: { readonly total_usage: number; readonly percpu_usage?: readonly number[] | null };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

/** A reading of GET /containers/{id}/stats. */
export interface StatsSample {
  readonly name?: string;
  readonly id?: string;
  readonly cpu_stats: CpuStats;
  readonly precpu_stats: CpuStats;
  readonly memory_stats: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly blkio_stats?: { readonly io_service_bytes_recursive?: readonly { op?: string; value: number }[] | null };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
  readonly pids_stats?: { readonly current?: number };
}

/** A row of `docker stats`. */
export interface StatsEntry {
  /** As the user named it. */
  readonly container: string;
  /** No numbers (yet). */
  readonly invalid?: boolean;
  readonly name?: string;
  readonly id?: string;
  readonly cpuPercent?: number;
  readonly memory?: number;
  readonly memoryLimit?: number;
  readonly received?: number;
  readonly sent?: number;
  readonly blockRead?: number;
  readonly blockWritten?: number;
  readonly pids?: number;
}

export const statsTable =
  "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}";

export function toEntry(container: string, sample: StatsSample): StatsEntry {
  const networks = Object.values(sample.networks ?? {});
  const blocks = sample.blkio_stats?.io_service_bytes_recursive ?? [];
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const block = (letter: string) =>
    sum(blocks.filter(({ op = "" }) => op.toLowerCase().startsWith(letter)).map(({ value }) => value));
  return {
    container,
    name: sample.name ?? "",
    id: sample.id ?? "",
    cpuPercent: cpuPercent(sample),
    memory: memoryUsage(sample),
    memoryLimit: sample.memory_stats.limit ?? 0,
    received: sum(networks.map((network) => network.rx_bytes)),
    sent: sum(networks.map((network) => network.tx_bytes)),
    blockRead: block("r"),
    blockWritten: block("w"),
    pids: sample.pids_stats?.current ?? 0,
  };
}

/** The share of one processor's time since the reading before. */
function cpuPercent({ cpu_stats: now, precpu_stats: before }: StatsSample): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const processors = now.online_cpus || (now.cpu_usage.percpu_usage?.length ?? 0);
  return passed > 0 && used > 0 ? (used / passed) * processors * 100 : 0;
}

/** Without the page cache that could be dropped. */
function memoryUsage({ memory_stats: { usage = 0, stats = {} } }: StatsSample): number {
  const version1 = stats.total_inactive_file;
  if (version1 !== undefined && version1 < usage) return usage - version1;
  const version2 = stats.inactive_file ?? 0;
  return version2 < usage ? usage - version2 : usage;
}

function percentage(value: number): string {
  return `${value.toFixed(2)}%`;
}

export function statsListing(truncate: boolean): Listing<StatsEntry> {
  const field = (header: string, missing: string, value: (row: StatsEntry) => string): Field<StatsEntry> => ({
    header,
    value: (row) => (row.invalid ? missing : value(row)),
  });
  const pair = (a: number | undefined, b: number | undefined) => `${humanSize(a ?? 0, 3)} / ${humanSize(b ?? 0, 3)}`;
  return {
    typeName: "*container.statsContext",
    fields: {
      Container: { header: "CONTAINER", value: ({ container }) => container },
      Name: { header: "NAME", value: ({ name = "" }) => (name.length > 1 ? name.slice(1) : "--") },
      ID: { header: "CONTAINER ID", value: ({ id = "" }) => (truncate ? truncateId(id) : id) },
      CPUPerc: field("CPU %", "--", ({ cpuPercent: value = 0 }) => percentage(value)),
      MemUsage: field(
        "MEM USAGE / LIMIT",
        "-- / --",
        ({ memory = 0, memoryLimit = 0 }) => `${bytesSize(memory)} / ${bytesSize(memoryLimit)}`,
      ),
      MemPerc: field("MEM %", "--", ({ memory = 0, memoryLimit = 0 }) =>
        percentage(memoryLimit === 0 ? 0 : (memory / memoryLimit) * 100),
      ),
      NetIO: field("NET I/O", "--", ({ received, sent }) => pair(received, sent)),
      BlockIO: field("BLOCK I/O", "--", ({ blockRead, blockWritten }) => pair(blockRead, blockWritten)),
      PIDs: field("PIDS", "--", ({ pids = 0 }) => String(pids)),
    },
  };
}
