import { invalidParameter } from "../errdefs/errors.ts";
import { jsonSyntaxError } from "../internal/json-syntax.ts";
import { normalizePlatform, parsePlatform } from "../oci/platform.ts";
import type { Platform } from "./types/common.ts";

/** Docker's booleans: absent, empty, `0`, `no`, `false` and `none` are false, anything else is true. */
export function queryBool(query: URLSearchParams, name: string, absent = false): boolean {
  const value = query.get(name);
  if (value === null) return absent;
  return !["", "0", "no", "false", "none"].includes(value.trim().toLowerCase());
}

/** A whole number; undefined when absent or empty. `InvalidParameter` with Go's words otherwise. */
export function queryInt(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (!value) return undefined;
  const fails = (reason: string) => invalidParameter(`strconv.Atoi: parsing ${JSON.stringify(value)}: ${reason}`);
  if (!/^[+-]?\d+$/.test(value)) throw fails("invalid syntax");
  if (Math.abs(Number(value)) >= 2 ** 63) throw fails("value out of range");
  return Number(value);
}

/** Of a terminal: the kernel counts its rows and columns in 16 bits. */
const largestSide = 0xffff;

/** Height and width of a terminal, from `h` and `w`. */
export function querySize(query: URLSearchParams): { readonly rows: number; readonly columns: number } {
  const side = (name: string, what: string): number => {
    const value = query.get(name) ?? "";
    const fails = (reason: string) => invalidParameter(`invalid resize ${what} ${JSON.stringify(value)}: ${reason}`);
    if (!/^-?\d+$/.test(value)) throw fails("invalid syntax");
    if (Number(value) < 0 || Number(value) > 0xffff_ffff) throw fails("value out of range");
    return Math.min(Number(value), largestSide);
  };
  return { rows: side("h", "height"), columns: side("w", "width") };
}

/** `SECONDS[.FRACTION]` as nanoseconds since the epoch; undefined when absent or empty. */
export function queryTime(query: URLSearchParams, name: string): bigint | undefined {
  const value = query.get(name);
  if (!value) return undefined;
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,9})\d*)?$/.exec(value);
  if (!match) {
    const date = /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
    if (Number.isNaN(date))
      throw invalidParameter(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
    return BigInt(date) * 1_000_000n;
  }
  const nanoseconds = BigInt(match[2] ?? "0") * 1_000_000_000n + BigInt((match[3] ?? "").padEnd(9, "0") || "0");
  return match[1] ? -nanoseconds : nanoseconds;
}

/** `os[/architecture[/variant]]`. Undefined when absent or empty. */
export function queryPlatform(query: URLSearchParams): Platform | undefined {
  const value = query.get("platform");
  return value ? parsePlatform(value) : undefined;
}

/** A platform as its object of the OCI image index, in JSON. Undefined when absent or empty. */
export function queryPlatformObject(query: URLSearchParams): Platform | undefined {
  const text = query.get("platform");
  if (!text) return undefined;
  const reason = jsonSyntaxError(text);
  if (reason !== undefined) {
    // What Go calls the end of a text, and what it calls the end of a stream, are two things.
    const whole = reason === "unexpected EOF" ? "unexpected end of JSON input" : reason;
    throw invalidParameter(`failed to parse platform: ${whole}`);
  }
  const { os, architecture, variant }: Record<string, unknown> = Object(JSON.parse(text));
  if (typeof os !== "string" || typeof architecture !== "string" || os === "" || architecture === "") {
    throw invalidParameter("both OS and Architecture must be provided");
  }
  return normalizePlatform({ os, architecture, ...(typeof variant === "string" ? { variant } : {}) });
}
