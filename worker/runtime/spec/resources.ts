import type { Resources } from "../../api/types/host-config.ts";
import type { LinuxResources } from "./types.ts";

const defaultPeriod = 100_000;

/**
 * The memory of a container that has no limit of its own, in bytes, of a machine with `memory`. It is less than all containers may
 * have together: one that fills it is ended itself, and leaves the others room to go on and to start.
 */
export function memoryShare(memory: number): number {
  return Math.floor(memory * 0.625);
}

/**
 * Docker's limits in OCI's words, without devices. Memory swap 0 is twice the memory, as Docker documents; `unlimited` is the memory of a
 * container without a limit (undefined: as much as there is).
 */
export function linuxResources(limits: Partial<Resources>, unlimited?: number): LinuxResources {
  const { Memory = 0, MemorySwap = 0, MemoryReservation = 0, NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0 } = limits;
  const memory = {
    ...(Memory > 0
      ? { limit: Memory, swap: MemorySwap === 0 ? Memory * 2 : MemorySwap }
      : unlimited !== undefined && { limit: unlimited }),
    ...(MemoryReservation > 0 && { reservation: MemoryReservation }),
  };
  const cpu = {
    ...(limits.CpuShares ? { shares: Math.max(2, limits.CpuShares) } : {}),
    ...(NanoCpus > 0
      ? { period: defaultPeriod, quota: Math.floor((NanoCpus * defaultPeriod) / 1e9) }
      : {
          ...(CpuQuota !== 0 && { quota: CpuQuota }),
          ...(CpuPeriod !== 0 && { period: CpuPeriod }),
        }),
  };
  const { PidsLimit = null } = limits;
  // 0 is what an update leaves of a limit that it took away.
  const pids = PidsLimit === null ? undefined : { limit: PidsLimit > 0 ? PidsLimit : -1 };
  return {
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(pids && { pids }),
  };
}
