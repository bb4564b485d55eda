import { invalidParameter } from "../../errdefs/errors.ts";
import { refusedConfiguration } from "../crun-errors.ts";
import { i386Syscalls } from "./i386-syscalls.ts";
import { type ArgumentCheck, applicableRules, type SeccompContext, type SeccompProfile } from "./profile.ts";

/** Classic BPF as in linux/filter.h and seccomp(2). */
const load = 0x20; // BPF_LD | BPF_W | BPF_ABS
const jump = 0x05; // BPF_JMP | BPF_JA
const jumpEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const jumpGreater = 0x25;
const jumpGreaterOrEqual = 0x35;
const and = 0x54; // BPF_ALU | BPF_AND | BPF_K
const answer = 0x06; // BPF_RET | BPF_K

const auditArchI386 = 0x40000003;
const killProcess = 0x80000000;
/** Offsets in struct seccomp_data. */
const offsetNumber = 0;
const offsetArchitecture = 4;
const offsetArguments = 16;
const maximumJump = 255;
const maximumInstructions = 4096;

interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** What is to happen with one call: the first rule whose checks hold, else `otherwise`. */
interface Verdict {
  readonly rules: readonly { readonly checks: readonly ArgumentCheck[]; readonly action: number }[];
  readonly otherwise: number;
}

/**
 * Compiles a profile to what crun's annotation `run.oci.seccomp_bpf_data` takes: struct sock_filter, little-endian, in base64.
 * Throws `InvalidParameter` or `StartFailed` for what no filter can be made of.
 */
export function compileSeccomp(profile: SeccompProfile, context: SeccompContext): string {
  const program = assemble(profile, context);
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  }
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function assemble(profile: SeccompProfile, context: SeccompContext): readonly Instruction[] {
  const otherwise = actionValue(profile.defaultAction, profile.defaultErrnoRet);
  const verdicts = collectVerdicts(profile, context, otherwise);
  const program = [
    { code: load, jt: 0, jf: 0, k: offsetArchitecture },
    { code: jumpEqual, jt: 1, jf: 0, k: auditArchI386 },
    { code: answer, jt: 0, jf: 0, k: killProcess },
    { code: load, jt: 0, jf: 0, k: offsetNumber },
    ...searchTree(ranges(verdicts, { rules: [], otherwise })),
  ];
  if (program.length > maximumInstructions) {
    throw invalidParameter(
      `seccomp profile is too large: ${program.length} instructions, at most ${maximumInstructions}`,
    );
  }
  return program;
}

function collectVerdicts(
  profile: SeccompProfile,
  context: SeccompContext,
  otherwise: number,
): ReadonlyMap<number, Verdict> {
  const verdicts = new Map<number, Verdict>();
  const add = (number: number, checks: readonly ArgumentCheck[], action: number) => {
    const known = verdicts.get(number) ?? { rules: [], otherwise };
    // A rule without checks decides the call, as in libseccomp.
    if (known.otherwise !== otherwise) return;
    verdicts.set(
      number,
      checks.length === 0
        ? { rules: [], otherwise: action }
        : { ...known, rules: [...known.rules, { checks, action }] },
    );
  };
  for (const rule of applicableRules(profile, context)) {
    const action = actionValue(rule.action, rule.errnoRet);
    const checks = rule.args ?? [];
    for (const name of rule.names ?? (rule.name ? [rule.name] : [])) {
      const number = i386Syscalls.get(name);
      if (number !== undefined) add(number, checks, action);
      const multiplexed = multiplexers.get(name);
      if (multiplexed && checks.length === 0) {
        const [through, call] = multiplexed;
        const number = i386Syscalls.get(through);
        if (number !== undefined) add(number, [{ index: 0, op: "SCMP_CMP_EQ", value: call }], action);
      }
    }
  }
  return verdicts;
}

/** i386 also reaches these calls through socketcall(2) and ipc(2), whose first argument says which (linux/net.h, linux/ipc.h). */
type Multiplexed = readonly [through: string, call: number];
const multiplexers: ReadonlyMap<string, Multiplexed> = new Map<string, Multiplexed>([
  ..."socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg"
    .split(" ")
    .map((name, index): [string, Multiplexed] => [name, ["socketcall", index + 1]]),
  ...(
    [
      [1, "semop semget semctl semtimedop"],
      [11, "msgsnd msgrcv msgget msgctl"],
      [21, "shmat shmdt shmget shmctl"],
    ] as const
  ).flatMap(([first, names]) =>
    names.split(" ").map((name, index): [string, Multiplexed] => [name, ["ipc", first + index]]),
  ),
]);

type Range = readonly [first: number, code: readonly Instruction[]];

/** Neighbours with the same code are one range, so that the tree over them is small. */
function ranges(verdicts: ReadonlyMap<number, Verdict>, otherwise: Verdict): readonly Range[] {
  const found: Range[] = [];
  let last = "";
  const add = (first: number, verdict: Verdict) => {
    const key = JSON.stringify(verdict);
    if (key === last) return;
    last = key;
    found.push([first, verdictCode(verdict)]);
  };
  const highest = Math.max(-1, ...verdicts.keys());
  for (let number = 0; number <= highest; number++) add(number, verdicts.get(number) ?? otherwise);
  add(highest + 1, otherwise);
  return found;
}

/** A balanced binary search over the call's number, which is in the accumulator. */
function searchTree(ranges: readonly Range[]): readonly Instruction[] {
  const middle = ranges.length >> 1;
  const [start, code] = ranges[middle] ?? [0, []];
  if (middle === 0) return code;
  const below = searchTree(ranges.slice(0, middle));
  const above = searchTree(ranges.slice(middle));
  const head: Instruction[] =
    below.length <= maximumJump
      ? [{ code: jumpGreaterOrEqual, jt: below.length, jf: 0, k: start }]
      : [
          { code: jumpGreaterOrEqual, jt: 0, jf: 1, k: start },
          { code: jump, jt: 0, jf: 0, k: below.length },
        ];
  return [...head, ...below, ...above];
}

function verdictCode(verdict: Verdict): readonly Instruction[] {
  return [
    ...verdict.rules.flatMap(({ checks, action }) => ruleCode(checks, action)),
    { code: answer, jt: 0, jf: 0, k: verdict.otherwise },
  ];
}

/** Leaves through `action` when all checks hold, at the end of the code otherwise. */
function ruleCode(checks: readonly ArgumentCheck[], action: number): readonly Instruction[] {
  let code: readonly Instruction[] = [{ code: answer, jt: 0, jf: 0, k: action }];
  for (const check of checks.toReversed()) code = [...checkCode(check, code.length), ...code];
  return code;
}

/** Falls through when the check holds, else skips `skip` instructions more. i386 passes 32 bits: the low word is the argument. */
function checkCode({ index, op, value, valueTwo }: ArgumentCheck, skip: number): readonly Instruction[] {
  if (!Number.isInteger(index) || index < 0 || index > 5)
    throw invalidParameter(`invalid seccomp argument index: ${index}`);
  const fetch = { code: load, jt: 0, jf: 0, k: offsetArguments + 8 * index };
  const k = low(value);
  const holds = (code: number, k: number) => [fetch, { code, jt: 0, jf: skip, k }];
  const fails = (code: number, k: number) => [fetch, { code, jt: skip, jf: 0, k }];
  switch (op) {
    case "SCMP_CMP_EQ":
      return holds(jumpEqual, k);
    case "SCMP_CMP_NE":
      return fails(jumpEqual, k);
    case "SCMP_CMP_GE":
      return holds(jumpGreaterOrEqual, k);
    case "SCMP_CMP_GT":
      return holds(jumpGreater, k);
    case "SCMP_CMP_LT":
      return fails(jumpGreaterOrEqual, k);
    case "SCMP_CMP_LE":
      return fails(jumpGreater, k);
    case "SCMP_CMP_MASKED_EQ":
      return [fetch, { code: and, jt: 0, jf: 0, k }, { code: jumpEqual, jt: 0, jf: skip, k: low(valueTwo ?? 0) }];
    default:
      throw refusedConfiguration(`string ${op} is not a valid operator for seccomp`);
  }
}

function low(value: number): number {
  return Number(BigInt.asUintN(32, BigInt(Math.trunc(value))));
}

const eperm = 1;

function actionValue(action: string, errno = eperm): number {
  switch (action) {
    case "SCMP_ACT_ALLOW":
      return 0x7fff0000;
    case "SCMP_ACT_ERRNO":
      return 0x00050000 | (errno & 0xffff);
    case "SCMP_ACT_TRACE":
      return 0x7ff00000 | (errno & 0xffff);
    case "SCMP_ACT_LOG":
      return 0x7ffc0000;
    case "SCMP_ACT_TRAP":
      return 0x00030000;
    case "SCMP_ACT_KILL":
    case "SCMP_ACT_KILL_THREAD":
      return 0;
    case "SCMP_ACT_KILL_PROCESS":
      return killProcess;
    default:
      throw refusedConfiguration(`string ${action} is not a valid action for seccomp`);
  }
}
