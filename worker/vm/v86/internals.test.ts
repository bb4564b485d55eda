import { beforeAll, describe, expect, test } from "vitest";
import { loadEmulator, openBuiltGuest, ramOf } from "./contract-guest.node.ts";
import { internalsOf, type PciBus } from "./internals.ts";
import { shareInterruptLines } from "./virtio.ts";

const memory = 64 << 20;
let wasm: WebAssembly.Module;

beforeAll(async () => {
  wasm = await (await openBuiltGuest()).wasm();
});

describe("v86", () => {
  test("internalsOf() names the internal that a build lacks", () => {
    const emulator = { v86: { cpu: {} }, bus: { register: () => {}, send: () => {} } };
    expect(() => internalsOf(emulator as never)).toThrow("v86 has no internal v86.running");
  });

  test("a new machine's memory holds zeroes from 1 MiB up, which a restore relies on", async () => {
    const ram = ramOf(await loadEmulator(wasm, memory));
    expect(ram.length).toBe(memory);
    expect(Buffer.compare(ram.subarray(1 << 20), new Uint8Array(memory - (1 << 20)))).toBe(0);
  });

  test("lowering one device's interrupt lowers the line of all that share it: those that wait are raised again", async () => {
    const lines: string[] = [];
    const pci: PciBus = {
      raise_irq: (id) => void lines.push(`raise ${id >> 3}`),
      lower_irq: (id) => void lines.push(`lower ${id >> 3}`),
      device_spaces: [],
      // As the firmware sets it: pins A and B on 10, C and D on 11.
      isa_bridge_space8: Uint8Array.from({ length: 256 }, (_, at) => ({ 96: 10, 97: 10, 98: 11, 99: 11 })[at] ?? 0),
    };
    const device = (slot: number, waiting: boolean) => ({ pci_id: slot << 3, isr_status: waiting ? 1 : 0 }) as never;
    shareInterruptLines(pci, [device(6, false), device(10, true), device(12, true)]);
    pci.lower_irq(6 << 3);
    expect(lines).toEqual(["lower 6", "raise 10"]);
    pci.lower_irq(10 << 3);
    expect(lines.slice(2)).toEqual(["lower 10"]);
  });
});
