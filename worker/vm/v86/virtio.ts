import type { Cpu, PciBus, VirtioConfigField, VirtioConstructor, VirtioDevice } from "./internals.ts";
import { guardQueue } from "./queue-guard.ts";

/** Feature bits that every device here offers or may offer (virtio 1.2, section 6). */
export const feature = { indirectDescriptors: 28, version1: 32 } as const;

/** Device status bit: the driver drives (virtio 1.2, section 2.1). Before it, queues must not be touched. */
const driverOk = 4;

/** A device of ours, as far as the machine and its snapshots are concerned. */
export interface MachineDevice {
  readonly device: VirtioDevice;
  /** What the device holds besides its queues: numbers, strings, booleans and typed arrays. */
  getState(): unknown[];
  setState(state: readonly unknown[]): void;
  /** The guest is gone. */
  end(): void;
}

export interface DeviceDescription {
  readonly name: string;
  /** The virtio device number, such as 3 for a console. */
  readonly type: number;
  /** Its slot on PCI bus 0. v86 itself uses 0-1, 5-8, 10-12, 18 and 30. */
  readonly slot: number;
  /** Base of four groups of I/O ports, 0x100 apart. The firmware moves them. */
  readonly ports: number;
  readonly features: readonly number[];
  /** Sizes of the queues, and what to do when the driver rings. */
  readonly queues: readonly { readonly size: number; readonly notified: () => void }[];
  /** The device's configuration space, little-endian. */
  readonly config: readonly VirtioConfigField[];
}

/** Adds a virtio device to a machine that has not run yet, built on v86's own VirtIO class. */
export function attachVirtioDevice(cpu: Cpu, description: DeviceDescription): VirtioDevice {
  const VirtIO = virtioClass(cpu);
  const { ports } = description;
  const device = new VirtIO(cpu, {
    name: description.name,
    pci_id: description.slot << 3,
    device_id: 0x1040 + description.type,
    subsystem_device_id: description.type,
    common: {
      initial_port: ports + 0x200,
      queues: description.queues.map((queue, index) => ({ size_supported: queue.size, notify_offset: index })),
      features: [...description.features, feature.version1],
      on_driver_ok: () => {},
    },
    notification: {
      initial_port: ports + 0x300,
      single_handler: false,
      handlers: description.queues.map((queue) => queue.notified),
    },
    isr_status: { initial_port: ports + 0x100 },
    device_specific: { initial_port: ports, struct: description.config },
  });
  const indirect = description.features.includes(feature.indirectDescriptors);
  for (const queue of device.queues) guardQueue(queue, cpu.mem8.length, { indirect });
  return device;
}

/** A frame of v86's network device and its header. */
const mostOfFrame = 64 * 1024;

/** v86's own network device, which makes room for whatever length the guest names. */
export function guardNetworkDevice(cpu: Cpu, device: VirtioDevice): void {
  for (const queue of device.queues) {
    guardQueue(queue, cpu.mem8.length, { indirect: false, mostReadable: mostOfFrame });
  }
}

/** The class is not exported; the network device, which every machine here has, leads to it. */
function virtioClass(cpu: Cpu): VirtioConstructor {
  const device = cpu.devices.virtio_net;
  if (!device) throw new Error("v86 was made without a virtio network device: its VirtIO class is out of reach");
  return device.virtio.constructor as VirtioConstructor;
}

/** Whether the guest's driver has set the device up. */
export function isDriven(device: VirtioDevice): boolean {
  return (device.device_status & driverOk) !== 0;
}

/** A read-only field of a configuration space. */
export function configField(name: string, bytes: 1 | 2 | 4, read: () => number): VirtioConfigField {
  return { name, bytes, read, write: () => {} };
}

/**
 * Interrupt lines are shared between devices, and v86 lowers a line for all when one device lowers it. A device that still
 * waits to be served would then never be looked at, so its line goes up again.
 */
export function shareInterruptLines(pci: PciBus, devices: readonly VirtioDevice[]): void {
  const lower = pci.lower_irq.bind(pci);
  const raise = pci.raise_irq.bind(pci);
  const line = (pciId: number): number => ((pciId >> 3) - 1) & 3;
  const irq = (pciId: number): number => pci.isa_bridge_space8[0x60 + line(pciId)] ?? 0;
  pci.lower_irq = (pciId) => {
    lower(pciId);
    const waiting = devices.find(
      (device) => device.pci_id !== pciId && device.isr_status !== 0 && irq(device.pci_id) === irq(pciId),
    );
    if (waiting) raise(waiting.pci_id);
  };
}
