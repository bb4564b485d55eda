import type { ContainerTopResponse } from "../api/types/container.ts";
import { notImplemented, system } from "../errdefs/errors.ts";
import type { Guest } from "../shim/guest.ts";

const ticksPerSecond = 100;
const fileLimit = 64 * 1024;

/** What the guest's /proc says of a process. Times are clock ticks, 1/100 s. */
interface ProcessFacts {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly command: string;
  readonly name: string;
  readonly state: string;
  /** The state with what ps says of nice values, sessions, threads and the foreground. */
  readonly stat: string;
  readonly tty: number;
  readonly cpuTicks: number;
  readonly startTicks: number;
  /** KiB. */
  readonly size: number;
  readonly resident: number;
}

interface Surroundings {
  readonly uptime: number;
  readonly now: Date;
  readonly users: ReadonlyMap<number, string>;
  readonly memory: number;
}

type Column = readonly [title: string, value: (facts: ProcessFacts, around: Surroundings) => string];

const user: Column[1] = ({ uid }, { users }) => users.get(uid) ?? String(uid);
const terminal: Column[1] = ({ tty }) => {
  const major = (tty >> 8) & 0xfff;
  return major >= 136 && major < 144 ? `pts/${(tty & 0xff) | ((tty >> 12) & 0xfff00)}` : "?";
};

/** procps names of columns (`ps -o`). */
const columns: ReadonlyMap<string, Column> = new Map<string, Column>([
  ["user", ["USER", user]],
  ["uid", ["UID", ({ uid }) => String(uid)]],
  ["pid", ["PID", ({ pid }) => String(pid)]],
  ["ppid", ["PPID", ({ ppid }) => String(ppid)]],
  ["c", ["C", (facts, around) => String(Math.floor(cpuShare(facts, around)))]],
  ["pcpu", ["%CPU", (facts, around) => cpuShare(facts, around).toFixed(1)]],
  ["%cpu", ["%CPU", (facts, around) => cpuShare(facts, around).toFixed(1)]],
  ["pmem", ["%MEM", (facts, around) => memoryShare(facts, around)]],
  ["%mem", ["%MEM", (facts, around) => memoryShare(facts, around)]],
  ["vsz", ["VSZ", ({ size }) => String(size)]],
  ["rss", ["RSS", ({ resident }) => String(resident)]],
  ["stat", ["STAT", ({ stat }) => stat]],
  ["s", ["S", ({ state }) => state]],
  ["stime", ["STIME", startText]],
  ["start", ["START", startText]],
  ["tty", ["TT", terminal]],
  ["tt", ["TT", terminal]],
  ["time", ["TIME", ({ cpuTicks }) => timeText(cpuTicks)]],
  ["bsdtime", ["TIME", ({ cpuTicks }) => minutesText(cpuTicks)]],
  ["etime", ["ELAPSED", (facts, around) => elapsedText(facts, around)]],
  ["comm", ["COMMAND", ({ name }) => name]],
  ["cmd", ["CMD", ({ command }) => command]],
  ["args", ["COMMAND", ({ command }) => command]],
  ["command", ["COMMAND", ({ command }) => command]],
]);

/**
 * `docker top`: what `ps` on the Docker host would say of the container's processes. There is no procps in the guest, so the
 * table is made of /proc; `-ef`, `aux`, `ax` and `-o` are what is understood of ps's options.
 */
export async function containerTop(
  guest: Guest,
  pids: readonly number[],
  psArgs: string,
  { memory, now }: Pick<Surroundings, "memory" | "now">,
): Promise<ContainerTopResponse> {
  const chosen = chooseColumns(psArgs.trim() === "" ? "-ef" : psArgs.trim());
  const text = (path: string) =>
    guest.readFile(path, fileLimit).then(
      (bytes) => new TextDecoder().decode(bytes),
      () => undefined,
    );
  const [uptime, passwd, ...facts] = await Promise.all([
    text("/proc/uptime"),
    text("/etc/passwd"),
    ...pids.map((pid) => readFacts(pid, text)),
  ]);
  const around = {
    uptime: Number(uptime?.split(" ")[0] ?? 0),
    now,
    users: userNames(passwd ?? "root:x:0:"),
    memory,
  };
  return {
    Titles: chosen.map(([title]) => title),
    Processes: facts.flatMap((fact) => (fact ? [chosen.map(([, value]) => value(fact, around))] : [])),
  };
}

function chooseColumns(psArgs: string): readonly Column[] {
  const named = (names: string) =>
    names.split(",").map((name): Column => {
      const [key = "", title] = name.split("=", 2);
      const column = columns.get(key.toLowerCase());
      if (!column) throw system(`ps: error: unknown user-defined format specifier ${JSON.stringify(key)}`);
      return title === undefined ? column : [title, column[1]];
    });
  const asked = /^(?:-?[eaxA]+\s+)?-?[eaxA]*o\s*(.+)$/.exec(psArgs);
  if (asked) {
    const chosen = named((asked[1] ?? "").replace(/\s+(?:-o\s*)?/g, ","));
    if (!chosen.some(([title]) => title === "PID")) throw system("Couldn't find PID field in ps output");
    return chosen;
  }
  if (["-ef", "-e -f", "ef", "-f", "-Af"].includes(psArgs)) {
    const [userColumn, ...rest] = named("user,pid,ppid,c,stime,tty,time,cmd");
    return userColumn ? [["UID", userColumn[1]], ...rest.map(withTty)] : rest;
  }
  if (/^(?=.*u)[auxw]+$|^-aux$/.test(psArgs)) {
    return named("user,pid,%cpu,%mem,vsz,rss,tty,stat,start,bsdtime,command").map(withTty);
  }
  if (/^(?=.*x)[axw]+$|^-a?x$/.test(psArgs)) return named("pid,tty,stat,bsdtime,command").map(withTty);
  if (["-e", "-A"].includes(psArgs)) return named("pid,tty,time,comm=CMD").map(withTty);
  throw notImplemented(`ps options ${JSON.stringify(psArgs)} are not supported yet: use -ef, aux or -o`);
}

function withTty([title, value]: Column): Column {
  return [title === "TT" ? "TTY" : title, value];
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
    uid: Number(/^Uid:\s+(\d+)/m.exec(status ?? "")?.[1] ?? 0),
    command: command === "" ? `[${name}]` : command,
    name,
    state: fields[0] ?? "?",
    stat: statText(pid, fields),
    tty: number(4),
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

function elapsed({ startTicks }: ProcessFacts, { uptime }: Surroundings): number {
  return Math.max(0, uptime - startTicks / ticksPerSecond);
}

function cpuShare(facts: ProcessFacts, around: Surroundings): number {
  const seconds = elapsed(facts, around);
  return seconds === 0 ? 0 : Math.min(99, (facts.cpuTicks / ticksPerSecond / seconds) * 100);
}

function memoryShare({ resident }: ProcessFacts, { memory }: Surroundings): string {
  return ((resident * 1024 * 100) / memory).toFixed(1);
}

/** The hour and minute, or the day when it is more than one ago; UTC, as the guest's clock. */
function startText(facts: ProcessFacts, around: Surroundings): string {
  const seconds = elapsed(facts, around);
  const iso = new Date(around.now.getTime() - seconds * 1000);
  if (seconds < 86_400) return iso.toISOString().slice(11, 16);
  const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  return `${months[iso.getUTCMonth()]}${String(iso.getUTCDate()).padStart(2, "0")}`;
}

function timeText(ticks: number): string {
  return clockText(Math.floor(ticks / ticksPerSecond));
}

/** As the options of BSD have it: minutes and seconds. */
function minutesText(ticks: number): string {
  const seconds = Math.floor(ticks / ticksPerSecond);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function elapsedText(facts: ProcessFacts, around: Surroundings): string {
  return clockText(Math.floor(elapsed(facts, around))).replace(/^00:/, "");
}

function clockText(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
