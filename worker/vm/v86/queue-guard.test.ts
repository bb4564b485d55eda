import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BareCpu, type ContractMachine, cpuOf, loadEmulator, openBuiltGuest } from "./contract-guest.node.ts";
import type { VirtioDevice, VirtQueue } from "./internals.ts";

const memory = 32 << 20;
const next = 1;
const write = 2;
const indirect = 4;

/** Where the tests lay things out in the guest's memory. */
const place = {
  descriptors: 0x200000,
  available: 0x210000,
  used: 0x220000,
  table: 0x230000,
  buffer: 0x400000,
} as const;

/** The I/O ports of a machine without firmware. */
const notifyPort = { ninep: 0xa900, port: 0xb900, network: 0xc900 } as const;

interface Descriptor {
  readonly address?: number;
  readonly high?: number;
  readonly length: number;
  readonly flags?: number;
  readonly next?: number;
}

type PortCpu = BareCpu & { readonly io: { port_write16(port: number, value: number): void } };
type Ring = VirtQueue & { desc_addr: number; avail_addr: number; used_addr: number };

let wasm: WebAssembly.Module;
let machine: ContractMachine;
let cpu: PortCpu;

beforeAll(async () => {
  wasm = await (await openBuiltGuest()).wasm();
});

beforeEach(async () => {
  machine = await loadEmulator(wasm, memory);
  cpu = cpuOf(machine) as PortCpu;
});

function put(at: number, ...bytes: readonly number[]): void {
  for (const [index, byte] of bytes.entries()) cpu.mem8[at + index] = byte;
}

function lay(at: number, descriptors: readonly Descriptor[]): void {
  for (const [index, descriptor] of descriptors.entries()) {
    const { address = place.buffer, high = 0, length, flags = 0, next: following = 0 } = descriptor;
    const bytes = new DataView(new ArrayBuffer(16));
    bytes.setUint32(0, address, true);
    bytes.setUint32(4, high, true);
    bytes.setUint32(8, length, true);
    bytes.setUint16(12, flags, true);
    bytes.setUint16(14, following, true);
    put(at + index * 16, ...new Uint8Array(bytes.buffer));
  }
}

/** Makes one request of the descriptors available, whose first is `head`. */
function submit(device: VirtioDevice, index: number, descriptors: readonly Descriptor[], head = 0, requests = 1): Ring {
  const queue = device.queues[index] as Ring;
  Object.assign(device, { device_status: 15, driver_feature: [1 << 28, 1] });
  Object.assign(queue, { desc_addr: place.descriptors, avail_addr: place.available, used_addr: place.used });
  lay(place.descriptors, descriptors);
  put(place.available, 0, 0, requests & 255, requests >> 8, head & 255, head >> 8);
  return queue;
}

const ninepDevice = (): VirtioDevice => {
  const [, ninep] = devices();
  return ninep;
};

function devices(): [network: VirtioDevice, ninep: VirtioDevice] {
  const network = cpu.devices.virtio_net?.virtio;
  const ninep = cpu.devices.pci as unknown as { devices: readonly ({ name?: string } | undefined)[] };
  const found = ninep.devices.find((each) => each?.name === "virtio-9p");
  if (!network || !found) throw new Error("a device is missing");
  return [network, found as unknown as VirtioDevice];
}

const table = (length: number, flags = indirect): Descriptor => ({ address: place.table, length, flags });

/** A request that the server refuses: its type does not exist. */
function unknownRequest(): void {
  put(place.buffer, 7, 0, 0, 0, 99, 1, 0);
}

describe("a queue", () => {
  test("still serves a request in one indirect table, and one of plain descriptors", () => {
    for (const descriptors of [
      [table(32)],
      [
        { length: 7, flags: next, next: 1 },
        { address: place.buffer + 64, length: 64, flags: write },
      ],
    ]) {
      put(place.buffer + 64, 0, 0, 0, 0, 0);
      unknownRequest();
      lay(place.table, [
        { length: 7, flags: next, next: 1 },
        { address: place.buffer + 64, length: 64, flags: write },
      ]);
      submit(ninepDevice(), 0, descriptors);
      Object.assign(ninepDevice().queues[0] as object, { avail_last_idx: 0 });
      cpu.io.port_write16(notifyPort.ninep, 0);
      const answer = [...cpu.mem8.subarray(place.buffer + 64, place.buffer + 69)];
      expect(answer).toEqual([11, 0, 0, 0, 7]);
    }
  });

  const broken: readonly [string, readonly Descriptor[], readonly Descriptor[], string][] = [
    ["an indirect table that names itself", [table(16)], [table(16)], "an indirect descriptor out of place"],
    [
      "an indirect descriptor with a successor",
      [table(16, indirect | next)],
      [],
      "an indirect descriptor out of place",
    ],
    [
      "a huge indirect table that goes in circles",
      [table(0x7ffffff0)],
      [{ length: 1, flags: next, next: 0 }],
      "a buffer outside the memory",
    ],
    [
      "an indirect table of a million that goes in circles",
      [table(1 << 24)],
      [{ length: 1, flags: next, next: 0 }],
      "a chain of more than 512 descriptors",
    ],
    ["an indirect table of a broken length", [table(24)], [], "an indirect table of 24 bytes"],
    ["an empty indirect table", [table(0)], [], "an indirect table of 0 bytes"],
    ["an indirect table of negative length", [table(0x80000000)], [], "a buffer outside the memory"],
    ["a step out of its table", [table(16)], [{ length: 1, flags: next, next: 1 }], "descriptor 1 of 1"],
    ["a circle", [{ length: 1, flags: next, next: 0 }], [], "a chain of more than 512 descriptors"],
    ["a buffer of negative length", [{ length: 0xffffffff }], [], "a buffer outside the memory"],
    ["a buffer above the memory", [{ address: memory - 4, length: 8 }], [], "a buffer outside the memory"],
    ["a buffer above 4 GiB", [{ high: 1, length: 8 }], [], "a buffer outside the memory"],
  ];
  test.each(broken)("refuses %s", (_name, descriptors, inTable, message) => {
    lay(place.table, inTable);
    submit(ninepDevice(), 0, descriptors);
    expect(() => cpu.io.port_write16(notifyPort.ninep, 0)).toThrow(`the guest broke a virtio queue: ${message}`);
  });

  test("refuses a first descriptor that is not there, and more requests than fit", () => {
    submit(ninepDevice(), 0, [], 128);
    expect(() => cpu.io.port_write16(notifyPort.ninep, 0)).toThrow("descriptor 128 of 128");
    submit(ninepDevice(), 0, [], 0, 200);
    expect(() => cpu.io.port_write16(notifyPort.ninep, 0)).toThrow("more requests than it has room for");
  });

  test("of the agent's port refuses the same, and indirect descriptors altogether", () => {
    const { device } = machine.emulator.port;
    lay(place.table, [{ length: 8 }]);
    submit(device, 3, [table(16)]);
    expect(() => cpu.io.port_write16(notifyPort.port + 6, 3)).toThrow("an indirect descriptor out of place");
    submit(device, 5, [{ length: 1, flags: next, next: 0 }]);
    machine.emulator.port.onReceive(() => {});
    expect(machine.deaths).toEqual([
      "the emulator failed: the guest broke a virtio queue: a chain of more than 512 descriptors",
    ]);
  });

  test("of v86's network device refuses what no frame needs", () => {
    const [network] = devices();
    submit(network, 1, [{ length: 1 << 20 }]);
    expect(() => cpu.io.port_write16(notifyPort.network + 2, 1)).toThrow("a request of 1048576 bytes");
    const queue = submit(network, 1, [{ length: 1514 }]);
    Object.assign(queue, { avail_last_idx: 0 });
    cpu.io.port_write16(notifyPort.network + 2, 1);
    expect(queue.has_request()).toBe(false);
  });

  test("that is broken while the guest runs is its death", async () => {
    lay(place.table, [table(16)]);
    submit(ninepDevice(), 0, [table(16)]);
    cpu.main_loop = () => {
      cpu.io.port_write16(notifyPort.ninep, 0);
      return 0;
    };
    machine.emulator.run();
    await expect
      .poll(() => machine.deaths)
      .toEqual(["the emulator failed: the guest broke a virtio queue: an indirect descriptor out of place"]);
  });
});
