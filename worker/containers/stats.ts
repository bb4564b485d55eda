import type { ContainerStatsOptions } from "../api/types/backend.ts";
import type { ContainerStats, CpuStats } from "../api/types/stats.ts";
import { rfc3339Nano, zeroTime } from "../internal/clock.ts";
import type { Metrics } from "../runtime/runtime.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";

const interval = 1000;

interface Sample {
  readonly metrics: Metrics;
  readonly read: string;
}

/**
 * A sample a second. A single sample has the one before it taken too, a second earlier, unless `oneShot`. A container that
 * does not run has an empty sample.
 */
export function statsStream(
  { clock, host }: Pick<ContainersComponents, "clock" | "host">,
  container: Container,
  options: ContainerStatsOptions,
): ReadableStream<ContainerStats> {
  const stop = new AbortController();
  options.signal?.addEventListener("abort", () => stop.abort(), { once: true });
  let previous: Sample | undefined;
  let sent = 0;
  const sample = async (): Promise<Sample | undefined> => {
    const metrics = await container.running?.task.metrics().catch(() => undefined);
    return metrics && { metrics, read: rfc3339Nano(clock.nanos()) };
  };
  return new ReadableStream<ContainerStats>(
    {
      async pull(controller) {
        try {
          if (sent > 0) await clock.sleep(interval, stop.signal);
          else if (!options.stream && !options.oneShot && container.running) {
            previous = await sample();
            await clock.sleep(interval, stop.signal);
          }
          const current = await sample();
          controller.enqueue(describe(container, current, previous, host.machine));
          previous = current;
          sent++;
          if (!options.stream || container.removing) controller.close();
        } catch (error) {
          if (!stop.signal.aborted) throw error;
          controller.close();
        }
      },
      cancel: () => stop.abort(),
    },
    { highWaterMark: 0 },
  );
}

function describe(
  container: Container,
  current: Sample | undefined,
  previous: Sample | undefined,
  machine: { readonly cpus: number; readonly memory: number },
): ContainerStats {
  const metrics = current?.metrics;
  // Without a limit of its own Docker tells the machine's memory.
  const limit = (container.record.hostConfig.Memory > 0 && metrics?.memory.limit) || machine.memory;
  return {
    name: `/${container.name}`,
    id: container.id,
    read: current?.read ?? zeroTime,
    preread: previous?.read ?? zeroTime,
    pids_stats: metrics
      ? { current: metrics.pids.current, ...(metrics.pids.limit !== undefined && { limit: metrics.pids.limit }) }
      : {},
    blkio_stats: {
      io_service_bytes_recursive: metrics ? metrics.io : null,
      io_serviced_recursive: null,
      io_queue_recursive: null,
      io_service_time_recursive: null,
      io_wait_time_recursive: null,
      io_merged_recursive: null,
      io_time_recursive: null,
      sectors_recursive: null,
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuStats(metrics, machine.cpus),
    precpu_stats: cpuStats(previous?.metrics, machine.cpus),
    memory_stats: metrics ? { usage: metrics.memory.usage, stats: metrics.memory.stat, limit } : {},
  };
}

function cpuStats(metrics: Metrics | undefined, cpus: number): CpuStats {
  const { cpu } = metrics ?? {};
  return {
    cpu_usage: {
      total_usage: cpu?.total ?? 0,
      usage_in_kernelmode: cpu?.system ?? 0,
      usage_in_usermode: cpu?.user ?? 0,
    },
    ...(metrics && { system_cpu_usage: metrics.systemCpu, online_cpus: cpus }),
    throttling_data: {
      periods: cpu?.periods ?? 0,
      throttled_periods: cpu?.throttledPeriods ?? 0,
      throttled_time: cpu?.throttledTime ?? 0,
    },
  };
}
