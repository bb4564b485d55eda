import { parseInteger } from "../flags/values.ts";
import { cut } from "./cut.ts";

export interface Ulimit {
  readonly Name: string;
  readonly Hard: number;
  readonly Soft: number;
}

const names = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" "),
);

/**
 * `nofile=1024:2048` or `nofile=1024`; -1 is unlimited.
 * @throws Error with Docker's message
 */
function parseUlimit(text: string): Ulimit {
  const [name, limits, found] = cut(text, "=");
  if (!found) throw new Error(`invalid ulimit argument: ${text}`);
  if (!names.has(name)) throw new Error(`invalid ulimit type: ${name}`);
  const parts = limits.split(":");
  if (parts.length > 2) {
    throw new Error(`too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``);
  }
  const last = parts[1] === undefined ? undefined : parseInteger(parts[1]);
  const soft = parseInteger(parts[0] ?? "");
  const hard = last ?? soft;
  const rule = "ulimit soft limit must be less than or equal to hard limit";
  if (hard !== -1 && soft === -1) throw new Error(`${rule}: soft: -1 (unlimited), hard: ${hard}`);
  if (hard !== -1 && soft > hard) throw new Error(`${rule}: ${soft} > ${hard}`);
  return { Name: name, Hard: hard, Soft: soft };
}

export function checkUlimit(value: string): string {
  parseUlimit(value);
  return value;
}

/** The last of each name, sorted by name. */
export function ulimits(values: readonly string[]): Ulimit[] {
  const byName = new Map(values.map(parseUlimit).map((each) => [each.Name, each]));
  return [...byName.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1));
}
