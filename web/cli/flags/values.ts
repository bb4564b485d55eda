import { parseBool } from "../../../worker/internal/strconv.ts";
import { parseDuration } from "../../../worker/internal/units/duration.ts";
import { parseDecimal, ramInBytes } from "../../../worker/internal/units/size.ts";
import type { FlagType } from "./flag.ts";

/** Go's strconv.ParseInt(text, 0, 64), or ParseUint with `bits`. Numbers beyond 2^53 lose digits. */
export function parseInteger(text: string, unsignedBits?: number): number {
  const fn = unsignedBits ? "ParseUint" : "ParseInt";
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9][0-9]*)$/.exec(
    text.replace(/(?<=[0-9])_(?=[0-9])/g, ""),
  );
  if (!match || (unsignedBits && match[1])) {
    throw new Error(`strconv.${fn}: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const digits = (match[2] ?? "0").toLowerCase();
  const octal = /^0[0-7]+$/.test(digits);
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits) * (match[1] === "-" ? -1n : 1n);
  const outOfRange = unsignedBits ? value >= 1n << BigInt(unsignedBits) : value >= 1n << 63n || value < -(1n << 63n);
  if (outOfRange) throw new Error(`strconv.${fn}: parsing ${JSON.stringify(text)}: value out of range`);
  return Number(value);
}

type Check = (value: string) => void;

function checkFilter(value: string): void {
  if (value !== "" && !value.includes("=")) throw new Error("bad format of filter (expected name=value)");
}

/** What each type without a check of its own refuses, with the words of the library that refuses it in Docker. */
export const typeChecks: Partial<Record<FlagType, Check>> = {
  bool: (value) => void parseBool(value),
  int: (value) => void parseInteger(value),
  uint16: (value) => void parseInteger(value, 16),
  bytes: (value) => void ramInBytes(value),
  decimal: (value) => void parseDecimal(value),
  duration: (value) => void parseDuration(value),
  filter: checkFilter,
};
