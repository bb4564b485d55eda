import { invalidParameter } from "../errdefs/errors.ts";

/** A JSON object whose fields were not looked at yet. */
export type JsonObject = { readonly [name: string]: unknown };

/**
 * Reads fields of untrusted JSON. `where` is the path that an error names, as in `manifest.layers[2].size`.
 * Every function rejects with `InvalidParameter`.
 */
export function parseJsonObject(bytes: Uint8Array, limit: number, where: string): JsonObject {
  if (bytes.length > limit) throw invalidParameter(`${where} is too large: ${bytes.length} bytes, at most ${limit}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalidParameter(`${where} is not valid JSON`, { cause });
  }
  return asObject(value, where);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asObject(value: unknown, where: string): JsonObject {
  if (!isObject(value)) throw expected(where, "an object", value);
  return value;
}

/** An array of at most `limit` entries. */
export function asArray(value: unknown, limit: number, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw expected(where, "an array", value);
  if (value.length > limit)
    throw invalidParameter(`${where} has ${value.length} entries, at most ${limit} are allowed`);
  return value;
}

export function asString(value: unknown, where: string): string {
  if (typeof value !== "string") throw expected(where, "a string", value);
  return value;
}

/** Go's JSON leaves out and nulls alike what is empty. */
export function optionalString(value: unknown, where: string): string | undefined {
  return value === undefined || value === null || value === "" ? undefined : asString(value, where);
}

export function optionalStrings(value: unknown, where: string): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  return asArray(value, 100_000, where).map((entry, index) => asString(entry, `${where}[${index}]`));
}

export function optionalStringMap(value: unknown, where: string): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  const entries = Object.entries(asObject(value, where));
  // Unlike an assignment, this takes `__proto__` for a plain name.
  return Object.fromEntries(entries.map(([name, text]) => [name, asString(text, `${where}.${name}`)]));
}

/** The keys of a Go `map[string]struct{}`. */
export function optionalKeySet(value: unknown, where: string): readonly string[] | undefined {
  return value === undefined || value === null ? undefined : Object.keys(asObject(value, where));
}

/** A count or size: an integer from 0 that a double holds exactly. */
export function asSize(value: unknown, where: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw expected(where, "a size", value);
  return value;
}

function expected(where: string, what: string, value: unknown) {
  const got =
    value === undefined ? "nothing" : Array.isArray(value) ? "an array" : value === null ? "null" : typeof value;
  return invalidParameter(`${where}: expected ${what}, got ${got}`);
}
