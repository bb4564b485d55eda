import type { Cpu } from "./internals.ts";
import type { MachineDevice } from "./virtio.ts";

/** A slot of v86's state array that it does not use. */
const ownSlot = 120;

/** Makes the devices that v86 does not know part of its snapshots. */
export function includeInState(cpu: Cpu, devices: readonly MachineDevice[]): void {
  const getState = cpu.get_state.bind(cpu);
  const setState = cpu.set_state.bind(cpu);
  cpu.get_state = () => {
    const state = getState();
    state[ownSlot] = devices.map((each) => [each.device, each.getState()]);
    return state;
  };
  cpu.set_state = (state) => {
    const own = state[ownSlot];
    if (!Array.isArray(own) || own.length !== devices.length) {
      throw new Error("Cannot restore the snapshot: it was taken from a machine with other devices");
    }
    restoringThroughViews(cpu, () => intoFreshMemory(cpu, () => setState(state)));
    for (const [index, each] of devices.entries()) {
      const [queues, rest] = own[index] as [unknown[], unknown[]];
      each.device.set_state(queues);
      each.setState(rest);
    }
  };
}

/** Memory below this is written while v86 gets ready; the rest of a new machine's memory is untouched zeroes. */
const scratchMemory = 1 << 20;

/**
 * A restore zeroes all memory before it puts the saved pages in place, which makes the host back every page of it. A new
 * machine's memory is zero already: left alone, the restore takes a fifth of the time and the process half the memory.
 */
function intoFreshMemory(cpu: Cpu, restore: () => void): void {
  const zero = cpu.zero_memory;
  cpu.zero_memory = (from, size) => void cpu.mem8.fill(0, from, from + Math.min(size, scratchMemory));
  try {
    restore();
  } finally {
    cpu.zero_memory = zero;
  }
}

/**
 * v86's `set_state` puts new arrays in the place of three views of the CPU's memory instead of writing through them: the
 * lazy flags' last result, the FPU's status word and MXCSR would keep the values of the machine before the restore.
 */
function restoringThroughViews(cpu: Cpu, restore: () => void): void {
  const { last_result, fpu_status_word, mxcsr } = cpu;
  restore();
  last_result.set(cpu.last_result.subarray(0, 1));
  fpu_status_word.set(cpu.fpu_status_word.subarray(0, 1));
  mxcsr.set(cpu.mxcsr.subarray(0, 1));
  Object.assign(cpu, { last_result, fpu_status_word, mxcsr });
}
