import { invalidParameter } from "../errdefs/errors.ts";
import type { Filters } from "./types/common.ts";

/** Reads the `filters` of a query: `{"name": ["value"]}` or, from old clients, `{"name": {"value": true}}`. Which names it knows is the backend's to say. */
export function queryFilters(query: URLSearchParams): Filters {
  const text = query.get("filters");
  const filters = new Map<string, readonly string[]>();
  if (!text) return filters;
  for (const [name, values] of Object.entries(parseObject(text))) {
    filters.set(name, filterValues(values));
  }
  return filters;
}

function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidParameter("invalid filter");
  }
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw invalidParameter("invalid filter");
  return value;
}

function filterValues(values: unknown): readonly string[] {
  if (values === null) return [];
  if (Array.isArray(values)) {
    if (!values.every((value) => typeof value === "string")) throw invalidParameter("invalid filter");
    return values;
  }
  if (typeof values !== "object") throw invalidParameter("invalid filter");
  const entries = Object.entries(values);
  if (!entries.every(([, set]) => typeof set === "boolean")) throw invalidParameter("invalid filter");
  return entries.filter(([, set]) => set === true).map(([value]) => value);
}
