import { expect, test } from "vitest";
import { compileSeccomp } from "./compile.ts";
import { defaultSeccompProfile } from "./default-profile.ts";
import { i386Syscalls } from "./i386-syscalls.ts";

const allow = 0x7fff0000;
const errno = (code: number) => 0x00050000 | code;
const defaults = { capabilities: ["CAP_SYS_CHROOT"], kernel: "6.12.38" } as const;

/** Runs a filter as the kernel would; answers its verdict and the instructions that it took. */
function interpret(base64: string, number: number, args: readonly number[] = [], arch = 0x40000003): [number, number] {
  const program = new DataView(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer);
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, arch, true);
  for (const [index, value] of args.entries()) data.setBigUint64(16 + index * 8, BigInt(value >>> 0), true);
  let accumulator = 0;
  let steps = 0;
  for (let at = 0; at < program.byteLength / 8; at++, steps++) {
    const code = program.getUint16(at * 8, true);
    const jt = program.getUint8(at * 8 + 2);
    const jf = program.getUint8(at * 8 + 3);
    const k = program.getUint32(at * 8 + 4, true);
    if (code === 0x20) accumulator = data.getUint32(k, true);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x05) at += k;
    else if (code === 0x15) at += accumulator === k ? jt : jf;
    else if (code === 0x25) at += accumulator > k ? jt : jf;
    else if (code === 0x35) at += accumulator >= k ? jt : jf;
    else if (code === 0x06) return [k, steps + 1];
    else throw new Error(`Cannot run the filter: unknown instruction ${code} at ${at}`);
  }
  throw new Error("Cannot run the filter: it fell off its end");
}

function verdict(filter: string, name: string, ...args: number[]): number {
  const number = i386Syscalls.get(name);
  if (number === undefined) throw new Error(`no such call: ${name}`);
  return interpret(filter, number, args)[0];
}

test("compileSeccomp() allows and refuses as Docker's default profile does", () => {
  const filter = compileSeccomp(defaultSeccompProfile, defaults);
  for (const name of [
    "read",
    "execve",
    "futex_time64",
    "setgroups32",
    "ptrace",
    "modify_ldt",
    "chroot",
    "mseal",
    "socketcall",
  ]) {
    expect([name, verdict(filter, name)]).toEqual([name, allow]);
  }
  for (const name of [
    "mount",
    "umount2",
    "unshare",
    "reboot",
    "keyctl",
    "add_key",
    "bpf",
    "setns",
    "swapon",
    "io_uring_setup",
  ]) {
    expect([name, verdict(filter, name)]).toEqual([name, errno(1)]);
  }
  expect(interpret(filter, 9999)[0]).toBe(errno(1));
});

test("compileSeccomp() looks at arguments where the default profile does", () => {
  const filter = compileSeccomp(defaultSeccompProfile, defaults);
  expect(verdict(filter, "clone", 0x01200011)).toBe(allow);
  expect(verdict(filter, "clone", 0x10000011)).toBe(errno(1));
  expect(verdict(filter, "clone", 0x00020011)).toBe(errno(1));
  expect(verdict(filter, "clone3", 0)).toBe(errno(38));
  expect(verdict(filter, "socket", 2)).toBe(allow);
  expect(verdict(filter, "socket", 40)).toBe(errno(1));
  expect(verdict(filter, "personality", 0xffffffff)).toBe(allow);
  expect(verdict(filter, "personality", 0x20008)).toBe(allow);
  expect(verdict(filter, "personality", 0x40000)).toBe(errno(1));
});

test("compileSeccomp() opens calls with the capability that they need", () => {
  const filter = compileSeccomp(defaultSeccompProfile, {
    ...defaults,
    capabilities: ["CAP_SYS_ADMIN", "CAP_SYS_TIME"],
  });
  expect(verdict(filter, "mount")).toBe(allow);
  expect(verdict(filter, "clone", 0x10000011)).toBe(allow);
  expect(verdict(filter, "clone3", 0)).toBe(allow);
  expect(verdict(filter, "clock_settime64")).toBe(allow);
  expect(verdict(filter, "chroot")).toBe(errno(1));
});

test("compileSeccomp() kills what is not i386, whatever it calls", () => {
  const filter = compileSeccomp(defaultSeccompProfile, defaults);
  expect(interpret(filter, 3, [], 0xc000003e)[0]).toBe(0x80000000);
});

test("compileSeccomp() reaches every verdict in few steps", () => {
  const filter = compileSeccomp(defaultSeccompProfile, defaults);
  for (const [name, number] of i386Syscalls) {
    const [, steps] = interpret(filter, number);
    expect([name, steps <= 24]).toEqual([name, true]);
  }
});

test("compileSeccomp() compares with every operator", () => {
  const holds: readonly (readonly [string, number, number, boolean])[] = [
    ["SCMP_CMP_NE", 5, 4, true],
    ["SCMP_CMP_NE", 5, 5, false],
    ["SCMP_CMP_LT", 5, 4, true],
    ["SCMP_CMP_LT", 5, 5, false],
    ["SCMP_CMP_LE", 5, 5, true],
    ["SCMP_CMP_LE", 5, 6, false],
    ["SCMP_CMP_GE", 5, 5, true],
    ["SCMP_CMP_GE", 5, 4, false],
    ["SCMP_CMP_GT", 5, 6, true],
    ["SCMP_CMP_GT", 5, 5, false],
  ];
  for (const [op, value, argument, allowed] of holds) {
    const profile = {
      defaultAction: "SCMP_ACT_KILL",
      syscalls: [{ names: ["dup"], action: "SCMP_ACT_ALLOW", args: [{ index: 1, op, value }] }],
    };
    expect([op, argument, verdict(compileSeccomp(profile, defaults), "dup", 0, argument)]).toEqual([
      op,
      argument,
      allowed ? allow : 0,
    ]);
  }
});

test("compileSeccomp() wants all checks of a rule, and any of several rules", () => {
  const profile = {
    defaultAction: "SCMP_ACT_ERRNO",
    syscalls: [
      {
        names: ["dup2"],
        action: "SCMP_ACT_ALLOW",
        args: [
          { index: 0, op: "SCMP_CMP_EQ", value: 1 },
          { index: 1, op: "SCMP_CMP_EQ", value: 2 },
        ],
      },
      { names: ["dup2"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, op: "SCMP_CMP_EQ", value: 9 }] },
    ],
  };
  const filter = compileSeccomp(profile, defaults);
  expect(verdict(filter, "dup2", 1, 2)).toBe(allow);
  expect(verdict(filter, "dup2", 1, 3)).toBe(errno(1));
  expect(verdict(filter, "dup2", 9, 3)).toBe(allow);
});

test("compileSeccomp() covers calls that also go through socketcall", () => {
  const profile = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["listen"], action: "SCMP_ACT_ERRNO" }] };
  const filter = compileSeccomp(profile, defaults);
  expect(verdict(filter, "listen")).toBe(errno(1));
  expect(verdict(filter, "socketcall", 4)).toBe(errno(1));
  expect(verdict(filter, "socketcall", 1)).toBe(allow);
});

test("compileSeccomp() refuses an action that it does not know", () => {
  const profile = { defaultAction: "SCMP_ACT_WHATEVER" };
  expect(() => compileSeccomp(profile, defaults)).toThrow("SCMP_ACT_WHATEVER");
});
