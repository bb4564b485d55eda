import { expect, test } from "vitest";
import { type Guest, GuestError } from "../../shim/guest.ts";
import { containerTop } from "../top.ts";
import { parsePsOptions } from "./options.ts";

const titles = (psArgs: string) =>
  parsePsOptions(psArgs)
    .columns.map(([title]) => title)
    .join(" ");

test.each([
  ["-e", "PID TTY TIME CMD"],
  ["-f", "UID PID PPID C STIME TTY TIME CMD"],
  ["-F", "UID PID PPID C SZ RSS PSR STIME TTY TIME CMD"],
  ["-j", "PID PGID SID TTY TIME CMD"],
  ["-jf", "UID PID PPID PGID SID C STIME TTY TIME CMD"],
  ["-l", "F S UID PID PPID C PRI NI ADDR SZ WCHAN TTY TIME CMD"],
  ["-ly", "S UID PID PPID C PRI NI RSS SZ WCHAN TTY TIME CMD"],
  ["-e -lF", "F S UID PID PPID C PRI NI ADDR SZ WCHAN RSS PSR STIME TTY TIME CMD"],
  ["ax", "PID TTY STAT TIME COMMAND"],
  ["axf", "PID TTY STAT TIME COMMAND"],
  ["aux", "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"],
  ["-aux", "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"],
  ["-x", "PID TTY STAT TIME COMMAND"],
  ["-fx", "PID TTY STAT TIME COMMAND"],
  ["-lx", "F UID PID PPID PRI NI VSZ RSS WCHAN STAT TTY TIME COMMAND"],
  ["-x -o pid", "PID"],
  ["j", "PPID PID PGID SID TTY TPGID STAT UID TIME COMMAND"],
  ["l", "F UID PID PPID PRI NI VSZ RSS WCHAN STAT TTY TIME COMMAND"],
  ["-eo pid,user:20 -o comm=NAME", "PID USER NAME"],
  ["o pid,args --sort=-pid", "PID COMMAND"],
])("ps %s has the columns of procps", (psArgs, expected) => {
  expect(titles(psArgs)).toBe(expected);
});

test.each([
  ["--nope", "ps: error: unknown gnu long option"],
  ["-Q", "ps: error: unsupported SysV option"],
  ["-bx", "ps: error: unsupported SysV option"],
  ["-x R", "ps: error: must set personality to get -x option"],
  ["R", "ps: error: unsupported option (BSD syntax)"],
  ["-y", "ps: error: modifier -y without format -l makes no sense"],
  ["-f u", "ps: error: conflicting format options"],
  ["lu", "ps: error: conflicting format options"],
  ["-C", "ps: error: list of command names must follow -C"],
  ["-o", "ps: error: format specification must follow -o"],
  ["--sort", "ps: error: long sort specification must follow --sort"],
  ["--sort bogus -e", "ps: error: unknown sort specifier"],
])("ps %s is refused in its own words", (psArgs, expected) => {
  expect(() => parsePsOptions(psArgs)).toThrow(expected);
});

/** A shell (7) with a child (9) that has one (8), a second child (10), and one that claims to be its own parent (11). */
const parents: Readonly<Record<number, readonly [parent: number, name: string, user: number]>> = {
  7: [1, "sh", 0],
  8: [9, "sleep", 5],
  9: [7, "sh", 0],
  10: [7, "sleep", 5],
  11: [11, "odd", 0],
};

async function top(psArgs: string): Promise<readonly (readonly string[])[]> {
  const guest: Partial<Guest> = {
    readFile: async (path) => {
      const pid = Number(/^\/proc\/(\d+)\/stat/.exec(path)?.[1]);
      const found = parents[pid];
      if (!found) throw new GuestError(2, "ENOENT", path);
      const [parent, name, user] = found;
      const stat = `${pid} (${name}) S ${parent} 7 7 0 -1 64 0 0 0 0 0 0 0 0 20 0 1 0 0`;
      return new TextEncoder().encode(path.endsWith("status") ? `Uid:\t${user}\n` : stat);
    },
  };
  const pids = Object.keys(parents).map(Number);
  return (await containerTop(guest as Guest, pids, psArgs, { memory: 1 << 20, now: new Date(0) })).Processes;
}

test("containerTop() selects, sorts and draws as ps does", async () => {
  expect(await top("-o pid -C sleep")).toEqual([["8"], ["10"]]);
  expect(await top("-o pid -u 5 -p 7")).toEqual([["7"], ["8"], ["10"]]);
  expect(await top("-e -o pid -p 7")).toHaveLength(5);
  expect(await top("-o pid --sort -pid")).toEqual([["11"], ["10"], ["9"], ["8"], ["7"]]);
  expect(await top("-o pid k comm,-pid")).toEqual([["11"], ["9"], ["7"], ["10"], ["8"]]);
  expect(await top("-o pid,comm --forest")).toEqual([
    ["7", "\\_ sh"],
    ["9", "\\_ sh"],
    ["8", "| \\_ sleep"],
    ["10", "\\_ sleep"],
    ["11", "\\_ odd"],
  ]);
  expect(await top("-o pid -p 1")).toEqual([]);
  await expect(top("-C nobody")).rejects.toThrow("ps: exit status 1");
});
