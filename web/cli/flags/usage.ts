import type { Flag } from "./flag.ts";

const zeroDefaults = new Set(["", "false", "0", "<nil>"]);
/** Types whose zero value Docker's help shows all the same. */
const alwaysShown = new Set(["uint16", "duration", "map", "list", "ulimit"]);

function defaultText(flag: Flag): string {
  if (flag.default === undefined) return "";
  if (zeroDefaults.has(flag.default) && !alwaysShown.has(flag.type)) return "";
  return ` (default ${flag.type === "string" ? JSON.stringify(flag.default) : flag.default})`;
}

function typeName(flag: Flag): string {
  if (flag.type === "bool") return "";
  return ` ${flag.type}`;
}

/**
 * The block of help that lists flags, wrapped to `width` columns (0: not wrapped) the way pflag wraps: usage text starts in
 * one column, and a remainder of less than five columns stays on its line.
 */
export function flagUsages(flags: readonly Flag[], width: number): string {
  const shown = flags.filter((flag) => !flag.hidden && !flag.deprecated).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const heads = shown.map((flag) => `${flag.short ? `  -${flag.short}, ` : "      "}--${flag.name}${typeName(flag)}`);
  const column = Math.max(0, ...heads.map((head) => head.length)) + 3;
  return shown
    .map((flag, index) => {
      const text = flag.usage + defaultText(flag);
      return `${(heads[index] ?? "").padEnd(column)}${wrap(column, width, text)}\n`;
    })
    .join("");
}

function wrap(indent: number, width: number, text: string): string {
  if (width === 0) return text.replaceAll("\n", `\n${" ".repeat(indent)}`);
  let column = indent;
  let room = width - indent;
  let prefix = "";
  if (room < 24) {
    // Too narrow for two columns: the text goes under the flag.
    column = 16;
    room = width - column;
    prefix = `\n${" ".repeat(column)}`;
  }
  if (room < 24) return text.replaceAll("\n", prefix || "\n");
  const slop = 5;
  room -= slop;
  const lines: string[] = [];
  let [line, rest] = splitLine(room, slop, text);
  lines.push(line);
  while (rest !== "") {
    [line, rest] = splitLine(room, slop, rest);
    lines.push(line);
  }
  return prefix + lines.map((each) => each.replaceAll("\n", `\n${" ".repeat(column)}`)).join(`\n${" ".repeat(column)}`);
}

/** The first line of at most `room` columns (a tail up to `slop` more is kept), and the rest. */
function splitLine(room: number, slop: number, text: string): [string, string] {
  if (room + slop > text.length) return [text, ""];
  const head = text.slice(0, room);
  const space = Math.max(...[" ", "\t", "\n"].map((char) => head.lastIndexOf(char)));
  if (space <= 0) return [text, ""];
  const newline = head.lastIndexOf("\n");
  if (newline > 0 && newline < space) return [text.slice(0, newline), text.slice(newline + 1)];
  return [text.slice(0, space), text.slice(space + 1)];
}
