import type { V86, V86Options } from "v86";

/**
 * The parts of v86 0.5.462 that its public type does not declare and that Wherry touches: each is named here, and nowhere
 * else. `internalsOf` refuses by name when one is missing, so that an update of the package fails loudly; the behaviour
 * behind each name has a test in `v86/*.test.ts`.
 */
export interface V86Internals {
  readonly v86: EmulatorLoop;
  readonly bus: EventBus;
}

interface EventBus {
  register(event: string, listener: (argument: never) => void, thisValue?: unknown): void;
  send(event: string, argument?: unknown): void;
}

/** The loop that gives the CPU its turns. A tick whose number is not `tick_counter` is dropped. */
export interface EmulatorLoop {
  readonly cpu: Cpu;
  running: boolean;
  tick_counter: number;
  /** What calls the turns where there is no Node; null on Node. */
  readonly worker: unknown;
  run(): void;
  do_tick(): void;
  /** Calls `yield_callback(tick)` later: at once with a delay below 1, else after as many milliseconds. */
  yield(delay: number, tick: number): void;
  yield_callback(tick: number): void;
  unregister_yield(): void;
  save_state(): ArrayBuffer;
  /** Takes the bytes of `save_state`, plain or compressed with zstd. */
  restore_state(state: ArrayBuffer): void;
}

export interface Cpu {
  devices: { readonly pci: PciBus; readonly virtio_net?: { readonly virtio: VirtioDevice } };
  readonly io: { readonly ports: readonly IoPort[] };
  set_jit_config(index: number, value: number): void;
  readonly mem8: Uint8Array;
  readonly in_hlt: Uint8Array;
  readonly instruction_counter: Uint32Array;
  last_result: Int32Array;
  fpu_status_word: Uint16Array;
  mxcsr: Int32Array;
  get_state(): unknown[];
  set_state(state: unknown[]): void;
  reboot_internal(): void;
  zero_memory(from: number, size: number): void;
}

/** What a device does with writes to one of its x86 I/O ports; `this` is the device. */
interface IoPort {
  readonly device: unknown;
  write16: (value: number) => void;
}

export interface PciBus {
  raise_irq(pciId: number): void;
  lower_irq(pciId: number): void;
  readonly device_spaces: readonly (Int32Array | undefined)[];
  readonly isa_bridge_space8: Uint8Array;
}

export interface VirtioDevice {
  readonly pci_id: number;
  readonly queues: readonly VirtQueue[];
  readonly device_status: number;
  readonly isr_status: number;
  reset(): void;
  get_state(): unknown[];
  set_state(state: unknown[]): void;
  notify_config_changes(): void;
}

export interface VirtQueue {
  readonly size: number;
  /** Physical address of the table of descriptors. */
  readonly desc_addr: number;
  /** How many requests were popped, modulo 2^16. */
  readonly avail_last_idx: number;
  /** Addresses and lengths are signed here. */
  get_descriptor(table: number, index: number): VirtQueueDescriptor;
  /** The first descriptor of the request of this number. */
  avail_get_entry(request: number): number;
  is_configured(): boolean | number;
  has_request(): boolean;
  count_requests(): number;
  pop_request(): BufferChain;
  push_reply(chain: BufferChain): void;
  flush_replies(): void;
}

interface VirtQueueDescriptor {
  readonly addr_low: number;
  readonly addr_high: number;
  readonly len: number;
  readonly flags: number;
  readonly next: number;
}

export interface BufferChain {
  /** Lengths come from the guest. */
  readonly length_readable: number;
  readonly length_writable: number;
  get_next_blob(into: Uint8Array): number;
  set_next_blob(from: Uint8Array): number;
}

/** What v86's VirtIO class is built from; ports are x86 I/O ports, aligned to the size of what lies there. */
interface VirtioOptions {
  readonly name: string;
  readonly pci_id: number;
  readonly device_id: number;
  readonly subsystem_device_id: number;
  readonly common: {
    readonly initial_port: number;
    readonly queues: readonly { readonly size_supported: number; readonly notify_offset: number }[];
    readonly features: readonly number[];
    readonly on_driver_ok: () => void;
  };
  readonly notification: {
    readonly initial_port: number;
    readonly single_handler: boolean;
    readonly handlers: readonly ((queue: number) => void)[];
  };
  readonly isr_status: { readonly initial_port: number };
  readonly device_specific: { readonly initial_port: number; readonly struct: readonly VirtioConfigField[] };
}

export interface VirtioConfigField {
  readonly bytes: 1 | 2 | 4;
  readonly name: string;
  readonly read: () => number;
  readonly write: (value: number) => void;
}

export type VirtioConstructor = new (cpu: Cpu, options: VirtioOptions) => VirtioDevice;

export type EmulatorOptions = V86Options;

const needed: Readonly<Record<string, readonly string[]>> = {
  "": ["v86", "bus"],
  bus: ["register", "send"],
  v86: [
    "cpu",
    "running",
    "tick_counter",
    "worker",
    "run",
    "do_tick",
    "yield",
    "yield_callback",
    "unregister_yield",
    "save_state",
    "restore_state",
  ],
  "v86.cpu": [
    "devices",
    "io",
    "set_jit_config",
    "zero_memory",
    "mem8",
    "in_hlt",
    "instruction_counter",
    "last_result",
    "fpu_status_word",
    "mxcsr",
    "get_state",
    "set_state",
    "reboot_internal",
  ],
  "v86.cpu.io": ["ports"],
  "v86.cpu.devices": ["pci", "virtio_net"],
  "v86.cpu.devices.pci": ["raise_irq", "lower_irq", "device_spaces", "isa_bridge_space8"],
  "v86.cpu.devices.virtio_net": ["virtio"],
  "v86.cpu.devices.virtio_net.virtio": [
    "pci_id",
    "queues",
    "device_status",
    "isr_status",
    "get_state",
    "set_state",
    "notify_config_changes",
  ],
  "v86.cpu.devices.virtio_net.virtio.queues.0": [
    "size",
    "desc_addr",
    "avail_last_idx",
    "get_descriptor",
    "avail_get_entry",
    "count_requests",
    "pop_request",
  ],
};

/** The internals of a loaded emulator. Throws when this build of v86 lacks one. */
export function internalsOf(emulator: V86): V86Internals {
  for (const [path, names] of Object.entries(needed)) {
    const holder = path === "" ? emulator : path.split(".").reduce<unknown>(property, emulator);
    for (const name of names) {
      if (property(holder, name) === undefined) {
        throw new Error(`v86 has no internal ${path}.${name}: this adapter was written for v86 0.5.462`);
      }
    }
  }
  return emulator as unknown as V86Internals;
}

function property(holder: unknown, name: string): unknown {
  return typeof holder === "object" && holder !== null ? (holder as Record<string, unknown>)[name] : undefined;
}
