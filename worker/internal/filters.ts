import type { Filters } from "../api/types/common.ts";
import { invalidParameter } from "../errdefs/errors.ts";
import { compilePattern } from "./pattern.ts";

/** Throws `InvalidParameter` for a filter that a request does not know. */
export function checkFilterNames(filters: Filters, known: readonly string[]): void {
  for (const name of filters.keys()) {
    if (!known.includes(name)) throw invalidParameter(name === "" ? "invalid filter" : `invalid filter '${name}'`);
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

/** Whether one of a filter's values passes the test; true where the filter is not asked for. */
export function matchesAny(filters: Filters, name: string, test: (value: string) => boolean): boolean {
  const values = filters.get(name) ?? [];
  return values.length === 0 || values.some(test);
}

/**
 * A test of whether a text is one of a filter's values or holds a match of one, read as a regular expression; one that
 * cannot be read so matches only itself. True for every text where the filter is not asked for.
 */
export function patternFilter(filters: Filters, name: string): (text: string) => boolean {
  const values = filters.get(name) ?? [];
  const patterns = values.flatMap((value) => {
    try {
      return [compilePattern(value)];
    } catch (error) {
      if (error instanceof SyntaxError) return [];
      throw error;
    }
  });
  return (text) => values.length === 0 || values.includes(text) || patterns.some((matches) => matches(text));
}

/** A boolean filter such as `dangling`, of which one value must say which. Throws `InvalidParameter` when none does, or two differ. */
export function booleanFilter<T>(filters: Filters, name: string, absent: T): boolean | T {
  const values = filters.get(name);
  if (!values || values.length === 0) return absent;
  const [isTrue, isFalse] = [
    ["1", "true"],
    ["0", "false"],
  ].map((words) => words.some((word) => values.includes(word)));
  if (isTrue === isFalse) throw invalidParameter(`invalid filter '${name}=[${values.join(" ")}]'`);
  return isTrue === true;
}
