import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { FolderTree } from "../share.node.ts";
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
import type { Cpu, VirtQueue } from "./internals.ts";

// One shell serves the tests one after the other: where one is cut off, all that follow read its answers.
vi.setConfig({ testTimeout: 120_000 });

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

let mounting: Promise<string> | undefined;
/** Mounts the host's files, once. */
async function mounted(): Promise<void> {
  mounting ??= shell.mount();
  await mounting;
}

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
    const bytes = randomBytes(5_000_000);
    await shell.run(`head -c ${bytes.length} <&3 > /tmp/big`, bytes);
    machine.emulator.port.send(new TextEncoder().encode("cat /tmp/big >&3\n"));
    expect(md5(await shell.take(bytes.length))).toBe(md5(bytes));
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

  beforeAll(mounted);

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

describe("a shared folder", () => {
  const share = "/run/wherry/host/shares/work";
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "wherry-contract-"));
    machine.files.share("work", new FolderTree(folder));
    machine.files.share("fixed", new FolderTree(folder, { readOnly: true }));
    await mounted();
    await shell.run(`cd ${share}`);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test("takes what the guest writes, at once", async () => {
    await shell.run("echo one > file; echo two >> file; mkdir -p a/b; mv file a/b/moved; ln -s b/moved a/link");
    expect(readFileSync(join(folder, "a/b/moved"), "utf8")).toBe("one\ntwo\n");
    expect(await shell.run("cat a/link")).toBe("one\ntwo");
    await shell.run("chmod 640 a/link; chown 12:34 a/link; touch -d '2001-02-03 04:05:06' a/link; ln a/b/moved hard");
    const { mode, uid, gid, mtime, nlink } = statSync(join(folder, "a/b/moved"));
    expect({ mode: mode & 0o777, uid, gid, nlink }).toEqual({ mode: 0o640, uid: 12, gid: 34, nlink: 2 });
    expect(mtime.toISOString()).toBe("2001-02-03T04:05:06.000Z");
    await shell.run("dd if=/dev/zero of=big bs=1M count=5 2>/dev/null; rm -r a; sync");
    expect(statSync(join(folder, "big")).size).toBe(5 << 20);
    expect(readdirSync(folder)).toEqual(["big", "hard"]);
  });

  test("shows what changes on the host, whatever the guest has read before", async () => {
    writeFileSync(join(folder, "seen"), "first");
    expect(await shell.run("cat seen")).toBe("first");
    writeFileSync(join(folder, "seen"), "second, and longer");
    expect(await shell.run("cat seen; wc -c < seen")).toBe("second, and longer18");
    rmSync(join(folder, "seen"));
    expect(await shell.run("ls seen 2>/dev/null || echo gone")).toBe("gone");
  });

  test("keeps an open file that is removed, and follows one in a folder that is renamed", async () => {
    await shell.run(
      "mkdir d; echo before > d/f; exec 5<>d/f; mv d e; echo after >&5; rm e/f; cat <&5; exec 5>&-; rmdir e",
    );
    await shell.run("mkdir d; cd d; mv ../d ../e; echo inside > f; cd ..");
    expect(readFileSync(join(folder, "e/f"), "utf8")).toBe("inside\n");
  });

  test("runs programs", async () => {
    expect(await shell.run("cp /bin/busybox busybox; ./busybox echo runs; rm busybox")).toBe("runs");
  });

  test("is left alone when it is read-only", async () => {
    const fixed = "/run/wherry/host/shares/fixed";
    const tries = [
      "echo x > new",
      "rm hard",
      "mkdir new",
      "mv hard new",
      "chmod 777 hard",
      "echo x >> hard",
      "ln hard new",
    ];
    for (const each of tries) {
      expect(await shell.run(`cd ${fixed}; { ${each}; } 2>/dev/null && echo done || echo refused`)).toBe("refused");
    }
  });

  test("has no room for device nodes and fifos of the guest", async () => {
    expect(await shell.run(`cd ${share}; mknod n c 1 3 2>/dev/null && echo made || echo refused`)).toBe("refused");
    expect(await shell.run("mkfifo p 2>/dev/null && echo made || echo refused")).toBe("refused");
  });

  test("leads nowhere else: a symlink of the host means a place in the guest", async () => {
    symlinkSync("/tmp/of-the-guest", join(folder, "out"));
    expect(await shell.run("echo guest > /tmp/of-the-guest; cat out")).toBe("guest");
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

  test("by turning the power off", async () => {
    expect((await dying("echo o > /proc/sysrq-trigger")).deaths).toEqual(["the guest turned the power off"]);
  });

  test("by a CPU that waits for no interrupt", async () => {
    expect((await dying("halt -f")).deaths).toEqual(["the guest halted its CPU"]);
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

  test("is told without what would act on a terminal, and cut short", async () => {
    const words = "[2J]0;title\u009b31m".replaceAll("]", "\u001b]");
    const victim = await loadEmulator(wasm, memory);
    victim.emulator.restore(state);
    cpuOf(victim).main_loop = () => {
      throw new Error(`${words}${"x".repeat(300)}`);
    };
    victim.emulator.run();
    await expect.poll(() => victim.deaths).toHaveLength(1);
    const [reason = ""] = victim.deaths;
    expect(reason).toMatch(/^the emulator failed: \[2J\ufffd\]0;title\ufffd31mx+…$/);
    expect(reason).toHaveLength(201);
  });

  test("by a panic whose words the guest chose is told without what would act on a terminal", async () => {
    const victim = await dying(
      "printf '<0>Kernel panic - not syncing: \\033[2Jboo\\233' > /dev/ttyS0; echo b > /proc/sysrq-trigger",
    );
    expect(victim.deaths).toEqual([expect.stringMatching(/^Kernel panic - not syncing: \ufffd\[2Jboo/)]);
  });

  test("by not reading what it is sent", async () => {
    const victim = await loadEmulator(wasm, memory);
    victim.emulator.restore(state);
    const piece = new Uint8Array(1 << 20);
    for (let sent = 0; sent < 64; sent++) victim.emulator.port.send(piece);
    expect(victim.deaths).toEqual([]);
    for (let sent = 0; sent < 2; sent++) victim.emulator.port.send(piece);
    expect(victim.deaths).toEqual(["the emulator failed: the guest does not read what it is sent"]);
    expect(victim.emulator.port.queued).toBe(0);
  });

  test("by queues that lead outside its memory, and send() does not throw", async () => {
    const victim = await loadEmulator(wasm, memory);
    victim.emulator.restore(state);
    const input = victim.emulator.port.device.queues[4] as VirtQueue;
    input.pop_request = () => {
      throw new RangeError("offset is out of bounds");
    };
    victim.emulator.port.send(new Uint8Array(10));
    expect(victim.deaths).toEqual(["the emulator failed: offset is out of bounds"]);
    expect(victim.emulator.port.queued).toBe(0);
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
