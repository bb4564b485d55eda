import { invalidParameter } from "../errdefs/errors.ts";

/** Values of a `filters` query by their name; those of one name are alternatives. */
export type FilterValues = ReadonlyMap<string, readonly string[]>;

/** Throws `InvalidParameter` for a filter that a request does not know. */
export function checkFilterNames(filters: FilterValues, known: readonly string[]): void {
  for (const name of filters.keys()) {
    if (!known.includes(name)) throw invalidParameter(`invalid filter '${name}'`);
  }
}

/** Whether `labels` holds all of `wanted`, each `key` or `key=value`. */
export function matchesLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[] = []): boolean {
  return wanted.every((text) => {
    const at = text.indexOf("=");
    const key = at < 0 ? text : text.slice(0, at);
    return Object.hasOwn(labels, key) && (at < 0 || labels[key] === text.slice(at + 1));
  });
}

/** A boolean filter such as `dangling`. Throws `InvalidParameter` for anything else than Go's booleans. */
export function booleanFilter(filters: FilterValues, name: string, absent: boolean): boolean {
  const values = filters.get(name);
  if (!values || values.length === 0) return absent;
  const meanings = new Set(values.map((value) => parseBoolean(name, value)));
  if (meanings.size > 1) throw invalidParameter(`invalid filter '${name}=[${values.join(" ")}]'`);
  return meanings.has(true);
}

function parseBoolean(name: string, value: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(value)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(value)) return false;
  throw invalidParameter(`invalid filter '${name}=[${value}]'`);
}
