import { readFile } from "node:fs/promises";
import { run } from "../support/run.ts";
import { type Daemon, startDaemon } from "../support/wherry.ts";
import type { Row } from "./report.ts";
import { measure, type Sample, startsToWarm, summarize, time } from "./sample.ts";

/** The image that every engine under measure must have. */
const image = "busybox";
export type Docker = (...argv: string[]) => Promise<string>;

/** Figures of the headless engine under the real docker command, paired with the engine at `against` when there is one. */
export async function headlessRows(against: string | undefined): Promise<Row[]> {
  const early = await earlyRuns(0);
  const rested = await earlyRuns(rest);
  const daemon = await startDaemon();
  try {
    const wherry = checked(daemon.host);
    const subjects = [wherry, ...(against ? [checked(against)] : [])];
    await wherry("pull", "-q", image);
    const rows = [
      await paired("docker run --rm busybox true", subjects, ["run", "--rm", image, "true"], "1.0x"),
      { name: "  first run after boot", unit: "ms", wherry: early.first, limit: "1500 ms" },
      { name: "  the next four runs", unit: "ms", wherry: early.next },
      { name: "  first run after six seconds of rest", unit: "ms", wherry: rested.first },
      { name: "  the next four runs", unit: "ms", wherry: rested.next },
    ];
    for (const docker of subjects) await docker("run", "-d", "--name", "wherry-bench", image, "sleep", "1000");
    rows.push(await paired("docker exec true", subjects, ["exec", "wherry-bench", "true"], "1.5x"));
    rows.push(await paired("docker ps", subjects, ["ps"], "1.5x"));
    for (const docker of subjects) await docker("rm", "-f", "wherry-bench");
    return [...rows, ...(await footprint(daemon, wherry))];
  } finally {
    await daemon.stop();
  }
}

async function paired(name: string, dockers: readonly Docker[], argv: readonly string[], limit: string): Promise<Row> {
  return row(
    name,
    await measure(
      dockers.map((docker) => () => docker(...argv)),
      { runs: 11, warmup: startsToWarm },
    ),
    limit,
  );
}

/** A row of times: Wherry's first, then the other engine's when it was measured. */
export function row(name: string, [wherry, against]: readonly Sample[], limit: string): Row {
  if (!wherry) throw new Error(`Nothing was measured for ${name}`);
  return { name, unit: "ms", limit, wherry, ...(against ? { against } : {}) };
}

/** Milliseconds in which the engine rehearses. */
const rest = 6000;

/** The first containers after a boot find the emulator's code not compiled yet, unless there was time for rehearsals. */
async function earlyRuns(restAfterPull: number) {
  const first: number[] = [];
  const next: number[] = [];
  for (let round = 0; round < 5; round++) {
    const daemon = await startDaemon();
    const docker = checked(daemon.host);
    await docker("pull", "-q", image);
    await new Promise((resolve) => setTimeout(resolve, restAfterPull));
    for (let run = 0; run < 5; run++) {
      (run === 0 ? first : next).push(await time(() => docker("run", "--rm", image, "true")));
    }
    await daemon.stop();
  }
  return { first: summarize(first), next: summarize(next) };
}

const containers = 8;
const forks = 300;

/** A figure, five times. */
async function several(figure: () => Promise<number>): Promise<Sample> {
  const figures: number[] = [];
  for (let round = 0; round < 5; round++) figures.push(await figure());
  return summarize(figures);
}

async function footprint(daemon: Daemon, docker: Docker): Promise<Row[]> {
  const pid = daemon.process.pid ?? 0;
  const idle = await several(() => resident(pid));
  const cpu = await several(() => idleCpu(pid));
  const used = async () => Number(await docker("run", "--rm", image, "sh", "-c", "free | awk '/Mem/ {print $3}'"));
  const before = [];
  const guestEach = [];
  const processEach = [];
  for (let i = 0; i < containers; i++) {
    const [inGuest, inProcess] = [await used(), await resident(pid)];
    before.push(inGuest / 1024);
    await docker("run", "-d", "--name", `wherry-bench-${i}`, image, "sleep", "1000");
    guestEach.push(((await used()) - inGuest) / 1024);
    processEach.push((await resident(pid)) - inProcess);
  }
  for (let i = 0; i < containers; i++) await docker("rm", "-f", `wherry-bench-${i}`);
  const script = `t=$(cut -d' ' -f1 /proc/uptime); i=0; while [ $i -lt ${forks} ]; do /bin/true; i=$((i+1)); done; echo $t $(cut -d' ' -f1 /proc/uptime)`;
  const speed = await several(async () => {
    const [from = 0, to = 0] = (await docker("run", "--rm", image, "sh", "-c", script)).split(" ").map(Number);
    return forks / (to - from);
  });
  return [
    { name: "process, idle (RSS)", unit: "MB", wherry: idle },
    { name: "idle CPU", unit: "% of a core", wherry: cpu },
    { name: "guest memory, idle", unit: "MB", wherry: before[0] ?? Number.NaN },
    { name: "guest memory per container", unit: "MB", wherry: summarize(guestEach) },
    { name: "process memory per container (RSS)", unit: "MB", wherry: summarize(processEach) },
    { name: "fork and exec in a container", unit: "/s", wherry: speed },
  ];
}

export function checked(host: string): Docker {
  return async (...argv) => {
    const { code, stdout, stderr } = await run("docker", argv, { env: { ...process.env, DOCKER_HOST: host } });
    if (code !== 0) throw new Error(`docker ${argv.join(" ")}: ${stderr}`);
    return stdout.trim();
  };
}

async function resident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Over four seconds, in percent of one core; the clock ticks 100 times a second. */
async function idleCpu(pid: number): Promise<number> {
  const ticks = async () => {
    const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = await ticks();
  const taken = await time(() => new Promise((resolve) => setTimeout(resolve, 4000)));
  return (((await ticks()) - before) * 10 * 100) / taken;
}
