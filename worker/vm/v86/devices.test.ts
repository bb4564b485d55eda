import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type BareCpu,
  type ContractMachine,
  cpuOf,
  GuestShell,
  loadEmulator,
  openBuiltGuest,
  ramOf,
  shellBoot,
} from "./contract-guest.node.ts";
import type { Cpu } from "./internals.ts";

const memory = 128 << 20;
let wasm: WebAssembly.Module;
let machine: ContractMachine;
let shell: GuestShell;

beforeAll(async () => {
  const guest = await openBuiltGuest();
  wasm = await guest.wasm();
  machine = await loadEmulator(wasm, memory, await shellBoot(guest));
  shell = new GuestShell(machine.emulator.port);
  machine.emulator.run();
  await shell.ready();
}, 120_000);

afterAll(() => machine?.emulator.kill());

const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

describe("the agent port", () => {
  test("is a port with a name and no console", async () => {
    expect(await shell.run("cat /sys/class/virtio-ports/*/name")).toBe("org.wherry.agent");
    expect(await shell.run("ls /dev | grep -c hvc || true")).toBe("0");
  });

  test("send() keeps what the guest has no room for", async () => {
    const bytes = randomBytes(3_000_001);
    const sum = shell.run(`sleep 1; head -c ${bytes.length} <&3 | md5sum`, bytes);
    expect(machine.emulator.port.queued).toBeGreaterThan(0);
    expect(await sum).toBe(`${md5(bytes)}  -`);
    expect(machine.emulator.port.queued).toBe(0);
  });

  test("send() of many small pieces arrives whole and in order", async () => {
    const bytes = randomBytes(50_000);
    const sum = shell.run(`head -c ${bytes.length + 1} <&3 | md5sum`, bytes.subarray(0, 1));
    for (let at = 1; at < bytes.length; at += 7) machine.emulator.port.send(bytes.subarray(at, at + 7));
    machine.emulator.port.send(Uint8Array.of(1));
    expect(await sum).toBe(`${md5(Buffer.concat([bytes, Uint8Array.of(1)]))}  -`);
  });

  test("onReceive() gets what the guest wrote while nobody listened", async () => {
    const { port } = machine.emulator;
    const listening = port.onReceive(() => {
      throw new Error("not me");
    });
    listening.dispose();
    port.send(new TextEncoder().encode("head -c 400000 /dev/zero | tee /tmp/copy >&3; echo end >&3\n"));
    await new Promise((resolve) => setTimeout(resolve, 500));
    shell = new GuestShell(port);
    expect((await shell.take(400_000)).every((byte) => byte === 0)).toBe(true);
    expect(await shell.line()).toBe("end");
    expect(await shell.line()).toBe("0 0");
  });

  test("what the guest sends arrives whole and in order", async () => {
    const sum = await shell.run("head -c 5000000 /dev/urandom > /tmp/big; md5sum < /tmp/big");
    machine.emulator.port.send(new TextEncoder().encode("cat /tmp/big >&3\n"));
    expect(`${md5(await shell.take(5_000_000))}  -`).toBe(sum);
    expect(await shell.line()).toBe("0 0");
  });
});

describe("a snapshot", () => {
  test("goes on in another emulator: queues, open port, memory and clock of its own", async () => {
    await shell.run("echo kept > /tmp/kept");
    machine.emulator.pause();
    const state = machine.emulator.save();
    machine.emulator.run();
    const other = await loadEmulator(wasm, memory);
    other.emulator.restore(state);
    const copy = new GuestShell(other.emulator.port);
    other.emulator.run();
    expect(await copy.run("cat /tmp/kept")).toBe("kept");
    expect(await shell.run("echo the first still runs")).toBe("the first still runs");
    await copy.mount();
    expect(await copy.run("ls /run/wherry/host")).toBe("layers\nshares");
    other.emulator.kill();
  });

  function saved(): { state: ArrayBuffer; ram: Uint8Array } {
    machine.emulator.pause();
    try {
      return { state: machine.emulator.save(), ram: ramOf(machine).slice() };
    } finally {
      machine.emulator.run();
    }
  }

  test("restores the last result, the FPU's status and MXCSR, which v86 alone does not", async () => {
    const cpu = cpuOf(machine);
    machine.emulator.pause();
    const before = registers(cpu);
    cpu.last_result[0] = 0x1234567;
    cpu.fpu_status_word[0] = 0x3801;
    cpu.mxcsr[0] = 0x1fa5;
    const state = machine.emulator.save();
    cpu.last_result[0] = before.lastResult;
    cpu.fpu_status_word[0] = before.fpuStatus;
    cpu.mxcsr[0] = before.mxcsr;
    machine.emulator.run();

    const plain = await loadEmulator(wasm, memory);
    const plainCpu = cpuOf(plain);
    const fresh = registers(plainCpu);
    plainCpu.set_state = (Object.getPrototypeOf(plainCpu) as Cpu).set_state;
    plain.emulator.restore(state);
    expect(registers(plainCpu), "v86 restores them now: drop the work-around").toEqual(fresh);

    const ours = await loadEmulator(wasm, memory);
    ours.emulator.restore(state);
    expect(registers(cpuOf(ours))).toEqual({ lastResult: 0x1234567, fpuStatus: 0x3801, mxcsr: 0x1fa5 });
  });

  test("leaves no trace of the memory before it, though most of that is not zeroed", async () => {
    const { state, ram } = saved();
    const other = await loadEmulator(wasm, memory);
    const cpu = cpuOf(other);
    const { zero_memory } = cpu;
    cpu.mem8.fill(1, 0, 1 << 20);
    other.emulator.restore(state);
    expect(Buffer.compare(ramOf(other), ram)).toBe(0);
    expect(cpu.zero_memory).toBe(zero_memory);
  });

  test("compressed with zstd is the same", async () => {
    const { state, ram } = saved();
    const compressed = execFileSync("zstd", ["-1", "-c"], { input: new Uint8Array(state), maxBuffer: 1 << 28 });
    const other = await loadEmulator(wasm, memory);
    other.emulator.restore(Uint8Array.from(compressed).buffer);
    expect(Buffer.compare(ramOf(other), ram)).toBe(0);
  });

  test("of other devices is refused", async () => {
    const cpu = cpuOf(machine);
    const own = cpu.get_state;
    let state: ArrayBuffer;
    cpu.get_state = () => own().slice(0, 100);
    try {
      state = saved().state;
    } finally {
      cpu.get_state = own;
    }
    const other = await loadEmulator(wasm, memory);
    expect(() => other.emulator.restore(state)).toThrow("taken from a machine with other devices");
  });

  test("is refused while bytes for the guest are on their way", async () => {
    const done = shell.run("sleep 1; head -c 1000000 <&3 | wc -c", new Uint8Array(1_000_000));
    machine.emulator.pause();
    expect(() => machine.emulator.save()).toThrow("still on their way");
    machine.emulator.run();
    expect(await done).toBe("1000000");
  });
});

describe("the 9p device", () => {
  const file = (bytes: Uint8Array, later: boolean) => ({
    size: bytes.length,
    readAt: (offset: number, length: number) => {
      const piece = bytes.subarray(offset, offset + length);
      return later ? new Promise<Uint8Array>((resolve) => setImmediate(resolve, piece)) : piece;
    },
  });

  beforeAll(async () => {
    await shell.mount();
  });

  test.each([
    ["at once", false],
    ["later", true],
  ])("serves files that answer %s", async (_name, later) => {
    const bytes = randomBytes(2_345_678);
    const name = `file-${later}`;
    machine.files.publish(name, file(bytes, later));
    const place = `/run/wherry/host/layers/${name}`;
    expect(await shell.run(`md5sum < ${place}`)).toBe(`${md5(bytes)}  -`);
    expect(await shell.run(`md5sum < ${place} & md5sum < ${place}; wait`)).toBe(`${md5(bytes)}  -\n${md5(bytes)}  -`);
    expect(await shell.run(`dd if=${place} bs=1000 skip=2345 2>/dev/null | wc -c`)).toBe("678");
  });
});

/** These end the guest, so each has one of its own, from the state of the first. */
describe("the guest's death", () => {
  let state: ArrayBuffer;

  beforeAll(() => {
    machine.emulator.pause();
    state = machine.emulator.save();
    machine.emulator.run();
  });

  async function dying(line: string): Promise<ContractMachine> {
    const victim = await loadEmulator(wasm, memory);
    victim.emulator.restore(state);
    victim.emulator.port.send(new TextEncoder().encode(`${line}\n`));
    victim.emulator.run();
    await expect.poll(() => victim.deaths.length, { timeout: 20_000 }).toBe(1);
    return victim;
  }

  test("by a panic is told with the panic's own words", async () => {
    const victim = await dying("echo c > /proc/sysrq-trigger");
    expect(victim.deaths).toEqual([expect.stringMatching(/^Kernel panic - not syncing: sysrq triggered crash/)]);
    expect(victim.console.join("")).toContain("Kernel panic");
  });

  test("by the end of its first process is a panic too", async () => {
    const victim = await dying("exit 3");
    expect(victim.deaths).toEqual([expect.stringContaining("Attempted to kill init")]);
  });

  test("by a reset", async () => {
    expect((await dying("echo b > /proc/sysrq-trigger")).deaths).toEqual(["the guest reset the machine"]);
  });

  test("by an exception of the emulator", async () => {
    const victim = await loadEmulator(wasm, memory);
    victim.emulator.restore(state);
    cpuOf(victim).main_loop = () => {
      throw new WebAssembly.RuntimeError("unreachable");
    };
    victim.emulator.run();
    await expect.poll(() => victim.deaths).toEqual(["the emulator failed: unreachable"]);
  });

  test("is not reported when it was asked for", async () => {
    const victim = await loadEmulator(wasm, memory);
    victim.emulator.restore(state);
    victim.emulator.run();
    victim.emulator.kill();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(victim.deaths).toEqual([]);
  });
});

/** As the CPU itself sees them, in its own memory. */
function registers({ wasm_memory }: BareCpu): { lastResult: number; fpuStatus: number; mxcsr: number } {
  const view = new DataView(wasm_memory.buffer);
  return {
    lastResult: view.getInt32(112, true),
    fpuStatus: view.getUint16(1040, true),
    mxcsr: view.getInt32(824, true),
  };
}
