import type { ContainerTopResponse } from "../api/types/container.ts";
import { system } from "../errdefs/errors.ts";
import type { Guest } from "../shim/guest.ts";
import { type Column, isCommand, type ProcessFacts, type Surroundings } from "./ps/columns.ts";
import { type PsOptions, parsePsOptions } from "./ps/options.ts";

const fileLimit = 64 * 1024;

/** What is shown of a process before its command: its place in the tree. */
interface Row {
  readonly facts: ProcessFacts;
  readonly branch: string;
}

/**
 * `docker top`: what `ps` on the Docker host would say of the container's processes. There is no procps in the guest, so the
 * table is made of /proc. Throws `System` with ps's own text for options that it does not know.
 */
export async function containerTop(
  guest: Guest,
  pids: readonly number[],
  psArgs: string,
  { memory, now }: Pick<Surroundings, "memory" | "now">,
): Promise<ContainerTopResponse> {
  const options = parsePsOptions(psArgs.trim() === "" ? "-ef" : psArgs.trim());
  if (!options.columns.some(([title]) => title === "PID")) throw system("Couldn't find PID field in ps output");
  const text = (path: string) =>
    guest.readFile(path, fileLimit).then(
      (bytes) => new TextDecoder().decode(bytes),
      () => undefined,
    );
  const [uptime, passwd, ...found] = await Promise.all([
    text("/proc/uptime"),
    text("/etc/passwd"),
    ...[...new Set(pids)].map((pid) => readFacts(pid, text)),
  ]);
  const users = userNames(passwd ?? "root:x:0:");
  const around = { uptime: Number(uptime?.split(" ")[0] ?? 0), now, users, memory };
  const processes = found.filter((facts) => facts !== undefined);
  const rows = arrange(processes, options, around);
  return {
    Titles: options.columns.map(([title]) => title),
    Processes: rows.map(({ facts, branch }) =>
      options.columns.map((column) => `${isCommand(column) ? branch : ""}${column[1](facts, around)}`),
    ),
  };
}

/** The processes that were asked for, in the order that was asked for. */
function arrange(all: readonly ProcessFacts[], options: PsOptions, around: Surroundings): readonly Row[] {
  const { selected, order, forest, error } = options;
  const nameOf = ({ uid }: ProcessFacts) => around.users.get(uid) ?? "";
  const chosen = selected ? all.filter((facts) => selected(facts, nameOf(facts))) : all;
  if (chosen.length === 0 && selected && error) throw system(`ps: ${error}`);
  const sorted = chosen.toSorted((a, b) => {
    for (const { column, descending } of order) {
      const difference = compare(column, a, b, around);
      if (difference !== 0) return descending ? -difference : difference;
    }
    return 0;
  });
  return forest ? tree(sorted) : sorted.map((facts) => ({ facts, branch: "" }));
}

function compare([, value]: Column, a: ProcessFacts, b: ProcessFacts, around: Surroundings): number {
  const [left, right] = [value(a, around), value(b, around)];
  const difference = Number(left) - Number(right);
  return Number.isNaN(difference) ? Number(left > right) - Number(left < right) : difference;
}

/** Children below their parents, as ps draws them below the host's first process; spaces in front count for nothing in a field. */
function tree(processes: readonly ProcessFacts[]): readonly Row[] {
  const present = new Set(processes.map(({ pid }) => pid));
  const children = new Map<number | undefined, ProcessFacts[]>();
  for (const facts of processes) {
    const parent = present.has(facts.ppid) && facts.ppid !== facts.pid ? facts.ppid : undefined;
    const siblings = children.get(parent);
    if (siblings) siblings.push(facts);
    else children.set(parent, [facts]);
  }
  const rows: Row[] = [];
  const waiting: { readonly facts: ProcessFacts; readonly lines: string; readonly below: string }[] = [];
  const push = (parent: number | undefined, lines: string) => {
    for (const [index, facts] of (children.get(parent) ?? []).toReversed().entries()) {
      waiting.push({ facts, lines, below: parent !== undefined && index > 0 ? `${lines}| ` : lines });
    }
  };
  push(undefined, "");
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    rows.push({ facts: next.facts, branch: `${next.lines}\\_ ` });
    push(next.facts.pid, next.below);
  }
  return rows;
}

async function readFacts(
  pid: number,
  text: (path: string) => Promise<string | undefined>,
): Promise<ProcessFacts | undefined> {
  const [stat, status, cmdline] = await Promise.all([
    text(`/proc/${pid}/stat`),
    text(`/proc/${pid}/status`),
    text(`/proc/${pid}/cmdline`),
  ]);
  // The name is in parentheses and may hold anything.
  const parts = /^\d+ \((.*)\) (.*)$/s.exec(stat ?? "");
  if (!parts) return undefined;
  const [, name = "", rest = ""] = parts;
  const fields = rest.trim().split(" ");
  const number = (index: number) => Number(fields[index] ?? 0);
  const command = (cmdline ?? "").replace(/\0+$/, "").replaceAll("\0", " ");
  return {
    pid,
    ppid: number(1),
    group: number(2),
    session: number(3),
    foreground: number(5),
    uid: Number(/^Uid:\s+(\d+)/m.exec(status ?? "")?.[1] ?? 0),
    command: command === "" ? `[${name}]` : command,
    name,
    state: fields[0] ?? "?",
    stat: statText(pid, fields),
    tty: number(4),
    flags: number(6),
    priority: number(15),
    nice: number(16),
    threads: number(17),
    cpuTicks: number(11) + number(12),
    startTicks: number(19),
    size: Number(/^VmSize:\s+(\d+)/m.exec(status ?? "")?.[1] ?? 0),
    resident: Number(/^VmRSS:\s+(\d+)/m.exec(status ?? "")?.[1] ?? 0),
  };
}

/** `fields` of /proc/PID/stat, from the state on. */
function statText(pid: number, fields: readonly string[]): string {
  const [state = "?", , group, session, , foreground] = fields;
  const [nice, threads] = fields.slice(16, 18).map(Number);
  const priority = !nice ? "" : nice < 0 ? "<" : "N";
  const marks = [session === String(pid) && "s", (threads ?? 1) > 1 && "l", group === foreground && "+"];
  return [state, priority, ...marks.map((mark) => mark || "")].join("");
}

function userNames(passwd: string): ReadonlyMap<number, string> {
  const rows = passwd.split("\n").map((line) => line.split(":"));
  return new Map(rows.flatMap(([name, , uid]) => (name && uid ? [[Number(uid), name] as const] : [])));
}
