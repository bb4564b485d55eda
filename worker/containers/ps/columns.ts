const ticksPerSecond = 100;

/** What the guest's /proc says of a process. Times are clock ticks, 1/100 s. */
export interface ProcessFacts {
  readonly pid: number;
  readonly ppid: number;
  readonly group: number;
  readonly session: number;
  /** Of the terminal's foreground; -1 without a terminal. */
  readonly foreground: number;
  readonly uid: number;
  readonly command: string;
  readonly name: string;
  readonly state: string;
  /** The state with what ps says of nice values, sessions, threads and the foreground. */
  readonly stat: string;
  readonly tty: number;
  /** PF_* of the kernel. */
  readonly flags: number;
  readonly priority: number;
  readonly nice: number;
  readonly threads: number;
  readonly cpuTicks: number;
  readonly startTicks: number;
  /** KiB. */
  readonly size: number;
  readonly resident: number;
}

export interface Surroundings {
  readonly uptime: number;
  readonly now: Date;
  readonly users: ReadonlyMap<number, string>;
  readonly memory: number;
}

export type Column = readonly [title: string, value: (facts: ProcessFacts, around: Surroundings) => string];

const user: Column[1] = ({ uid }, { users }) => users.get(uid) ?? String(uid);
const terminal: Column[1] = ({ tty }) => {
  const major = (tty >> 8) & 0xfff;
  return major >= 136 && major < 144 ? `pts/${(tty & 0xff) | ((tty >> 12) & 0xfff00)}` : "?";
};
const number =
  (of: (facts: ProcessFacts) => number): Column[1] =>
  (facts) =>
    String(of(facts));
/** What this kernel does not tell. */
const unknown: Column[1] = () => "-";

const share: Column = ["%CPU", (facts, around) => cpuShare(facts, around).toFixed(1)];
const memory: Column = ["%MEM", memoryShare];
const group: Column = ["PGID", number((facts) => facts.group)];
const session: Column = ["SID", number((facts) => facts.session)];
const nice: Column = ["NI", number((facts) => facts.nice)];
const threads: Column = ["NLWP", number((facts) => facts.threads)];
const flags: Column = ["F", ({ flags: bits }) => String((bits >> 6) & 7)];
const letter: Column = ["S", ({ state }) => state];
const time: Column = ["TIME", ({ cpuTicks }) => timeText(cpuTicks)];
const name: Column = ["COMMAND", (facts) => facts.name];
const command: Column = ["COMMAND", (facts) => facts.command];

/** procps names of columns (`ps -o`). */
export const columns: ReadonlyMap<string, Column> = new Map<string, Column>([
  ["user", ["USER", user]],
  ["euser", ["EUSER", user]],
  ["uid", ["UID", number(({ uid }) => uid)]],
  ["pid", ["PID", number(({ pid }) => pid)]],
  ["ppid", ["PPID", number(({ ppid }) => ppid)]],
  ["pgid", group],
  ["pgrp", ["PGRP", group[1]]],
  ["sid", session],
  ["sess", ["SESS", session[1]]],
  ["tpgid", ["TPGID", number(({ foreground }) => foreground)]],
  ["f", flags],
  ["flags", flags],
  ["pri", ["PRI", number(({ priority }) => 39 - priority)]],
  ["opri", ["PRI", number(({ priority }) => 60 + priority)]],
  ["priority", ["PRI", number(({ priority }) => priority)]],
  ["ni", nice],
  ["nice", nice],
  ["addr", ["ADDR", unknown]],
  ["wchan", ["WCHAN", unknown]],
  ["psr", ["PSR", () => "0"]],
  ["nlwp", threads],
  ["thcount", ["THCNT", threads[1]]],
  ["c", ["C", (facts, around) => String(Math.floor(cpuShare(facts, around)))]],
  ["pcpu", share],
  ["%cpu", share],
  ["pmem", memory],
  ["%mem", memory],
  ["vsz", ["VSZ", number(({ size }) => size)]],
  ["vsize", ["VSZ", number(({ size }) => size)]],
  ["sz", ["SZ", number(({ size }) => size / 4)]],
  ["rss", ["RSS", number(({ resident }) => resident)]],
  ["stat", ["STAT", ({ stat }) => stat]],
  ["s", letter],
  ["state", letter],
  ["stime", ["STIME", startText]],
  ["start_time", ["START", startText]],
  ["start", ["STARTED", startTime]],
  ["lstart", ["STARTED", startDate]],
  ["tty", ["TT", terminal]],
  ["tt", ["TT", terminal]],
  ["tname", ["TTY", terminal]],
  ["time", time],
  ["cputime", time],
  ["bsdtime", ["TIME", ({ cpuTicks }) => minutesText(cpuTicks)]],
  ["etime", ["ELAPSED", elapsedText]],
  ["etimes", ["ELAPSED", (facts, around) => String(Math.floor(elapsed(facts, around)))]],
  ["comm", name],
  ["ucmd", ["CMD", name[1]]],
  ["ucomm", name],
  ["fname", ["COMMAND", (facts) => facts.name.slice(0, 8)]],
  ["cmd", ["CMD", command[1]]],
  ["args", command],
  ["command", command],
]);

/** Whether values of this column are the command, before which a tree is drawn. */
export function isCommand([, value]: Column): boolean {
  return value === name[1] || value === command[1];
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

function startOf(facts: ProcessFacts, around: Surroundings): Date {
  return new Date(around.now.getTime() - elapsed(facts, around) * 1000);
}

/** `Sat Nov 21 05:09:35 2026`; UTC, as the guest's clock. */
function startDate(facts: ProcessFacts, around: Surroundings): string {
  const start = startOf(facts, around);
  const [day = "", date, month, year] = start.toUTCString().split(/,? /);
  return `${day} ${month} ${String(Number(date)).padStart(2)} ${start.toISOString().slice(11, 19)} ${year}`;
}

/** The time of the day, or the day when it is more than one ago. */
function startTime(facts: ProcessFacts, around: Surroundings): string {
  if (elapsed(facts, around) < 86_400) return startOf(facts, around).toISOString().slice(11, 19);
  return startDate(facts, around).slice(4, 10);
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
