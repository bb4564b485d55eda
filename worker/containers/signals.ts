import { invalidParameter } from "../errdefs/errors.ts";

const names =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS".split(
    " ",
  );

/** Numbers of Linux on i386, by the names that Docker takes. */
const numbers: ReadonlyMap<string, number> = new Map<string, number>([
  ...names.map((name, index): [string, number] => [name, index + 1]),
  ["CLD", 17],
  ["IOT", 6],
  ["POLL", 29],
  ["RTMIN", 34],
  ["RTMAX", 64],
  ...Array.from({ length: 15 }, (_, index): [string, number] => [`RTMIN+${index + 1}`, 35 + index]),
  ...Array.from({ length: 14 }, (_, index): [string, number] => [`RTMAX-${index + 1}`, 63 - index]),
]);

export const SIGKILL = 9;
export const SIGTERM = 15;

/** Whether Linux has a signal of that number. */
export function isLinuxSignal(number: number): boolean {
  return number >= 1 && number <= 64;
}

/** `SIGTERM`, `term` or `15`; a number may be one that Linux does not have, below 0 too. Throws `InvalidParameter`. */
export function parseSignal(text: string): number {
  if (/^[+-]?\d+$/.test(text)) {
    const number = Number(text);
    if (number !== 0 && Math.abs(number) < 2 ** 63) return number;
  } else {
    const number = numbers.get(text.toUpperCase().replace(/^SIG/, ""));
    if (number !== undefined) return number;
  }
  throw invalidParameter(`invalid signal: ${text}`);
}
