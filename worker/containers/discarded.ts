import type { HostConfig, Resources } from "../api/types/host-config.ts";

const absent = "or the cgroup is not mounted.";

/**
 * The limits that the guest's kernel does not know, with the values that stand for no limit, and Docker's warnings about them: cgroup v2
 * has no swappiness and no switch for the OOM killer, this kernel has no cpusets and no weights for block I/O.
 */
export function discardedLimits(limits: Partial<Resources>): {
  readonly values: Partial<Resources>;
  readonly warnings: readonly string[];
} {
  const { MemorySwappiness, OomKillDisable, CpusetCpus, CpusetMems, BlkioWeight, BlkioWeightDevice } = limits;
  const warnings: string[] = [];
  const discard = (asked: boolean, values: Partial<Resources>, warning: string) => {
    if (asked) warnings.push(warning);
    return asked ? values : {};
  };
  const values = {
    ...discard(
      typeof MemorySwappiness === "number" && MemorySwappiness >= 0,
      { MemorySwappiness: null },
      `Your kernel does not support memory swappiness capabilities ${absent} Memory swappiness discarded.`,
    ),
    // To leave the OOM killer on is what happens anyway.
    ...(OomKillDisable === false && { OomKillDisable: null }),
    ...discard(
      OomKillDisable === true,
      { OomKillDisable: null },
      "Your kernel does not support OomKillDisable. OomKillDisable discarded.",
    ),
    ...discard(
      Boolean(CpusetCpus || CpusetMems),
      { CpusetCpus: "", CpusetMems: "" },
      `Your kernel does not support cpuset ${absent} CPUset discarded.`,
    ),
    ...discard(
      Boolean(BlkioWeight),
      { BlkioWeight: 0 },
      `Your kernel does not support Block I/O weight ${absent} Weight discarded.`,
    ),
    ...discard(
      (BlkioWeightDevice?.length ?? 0) > 0,
      { BlkioWeightDevice: [] },
      `Your kernel does not support Block I/O weight_device ${absent} Weight-device discarded.`,
    ),
  };
  return { values, warnings };
}

/** Docker's warning about ports that are published where they are open anyway. */
export function discardedPorts({ NetworkMode, PortBindings }: HostConfig): readonly string[] {
  const published = NetworkMode === "host" && Object.keys(PortBindings ?? {}).length > 0;
  return published ? ["Published ports are discarded when using host network mode"] : [];
}
