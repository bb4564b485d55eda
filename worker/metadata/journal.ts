import { isObject } from "../oci/json.ts";
import { checkKey } from "./keys.ts";
import type { Json, RecordChange } from "./records.ts";

/**
 * The text form of one `apply`: a checksum of eight hex digits, a space, a JSON array, a line feed. The array holds
 * `[key, value]` or, for what is deleted, `[key]`. A line is the unit of atomicity: it is whole and its checksum is right,
 * or it was never acknowledged.
 */
export function encodeLine(changes: readonly RecordChange[], checksum: (text: string) => number): string {
  const body = JSON.stringify(changes.map(({ key, value }) => (value === undefined ? [key] : [key, value])));
  return `${hex(checksum(body))} ${body}\n`;
}

/** Answers undefined for a line that was torn or damaged. `line` comes without its line feed. */
export function decodeLine(line: string, checksum: (text: string) => number): readonly RecordChange[] | undefined {
  const body = line.slice(9);
  if (line[8] !== " " || line.slice(0, 8) !== hex(checksum(body))) return undefined;
  const entries: unknown = JSON.parse(body);
  if (!Array.isArray(entries)) return undefined;
  return entries.map((entry: unknown) => {
    const [key, value] = Array.isArray(entry) ? entry : [];
    checkKey(String(key));
    return { key: String(key), value: isJson(value) ? value : undefined };
  });
}

function isJson(value: unknown): value is Json {
  return (
    value === null || ["boolean", "number", "string"].includes(typeof value) || Array.isArray(value) || isObject(value)
  );
}

function hex(checksum: number): string {
  return (checksum >>> 0).toString(16).padStart(8, "0");
}
