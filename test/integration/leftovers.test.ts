import { afterAll, beforeAll, expect, it } from "vitest";
import { type Daemon, hostLine, startDaemon } from "../support/wherry.ts";

let daemon: Daemon;
const docker = (...argv: string[]) => daemon.docker(argv);

beforeAll(async () => {
  daemon = await startDaemon();
  await docker("pull", "-q", "busybox");
});
afterAll(() => daemon?.stop());

/** What there is in the guest while nothing but the line that looks runs. */
async function inventory(): Promise<Record<string, string>> {
  const counts = {
    "the agent's descriptors": "ls /proc/1/fd | wc -l",
    mounts: "grep -c . /proc/mounts",
    cgroups: "find /sys/fs/cgroup/docker -type d | wc -l",
    "state of crun": "ls /run/crun | wc -l",
    bundles: "ls /run/wherry/containers | wc -l",
    consoles: "ls /run/wherry/consoles | wc -l",
    snapshots: "ls /var/lib/wherry/snapshots | wc -l",
    "containers' files": "ls /var/lib/docker/containers | wc -l",
    "the agent's children": "tr ' ' '\\n' < /proc/1/task/1/children | grep -c .",
    namespaces: "readlink /proc/*/ns/* | sort -u | wc -l",
  };
  const { stdout } = await docker("run", "--rm", ...hostLine(Object.values(counts).join("; ")));
  const lines = stdout.trim().split("\n");
  return Object.fromEntries(Object.keys(counts).map((name, index) => [name, lines[index]?.trim() ?? ""]));
}

it("a start, an exec or an attach that fails, at whatever stage, leaves nothing in the guest", async () => {
  await docker("run", "--rm", "-t", "busybox", "true");
  const before = await inventory();
  const starts = [
    ["/nope"],
    ["-t", "/nope"],
    ["/etc"],
    ["-w", "/etc/passwd", "true"],
    ["-u", "nobody-there", "true"],
    ["--sysctl", "kernel.shmmax=-1", "true"],
    ["--device", "/dev/nope", "true"],
    ["--ulimit", "nofile=2000000:2000000", "true"],
    ["--tmpfs", "/x:size=zzz", "true"],
    ["--cpus", "0.0001", "true"],
    ["-v", "made:/etc/passwd", "true"],
  ];
  for (const argv of starts) {
    const at = argv.findIndex((word, index) => !word.startsWith("-") && (index === 0 || argv[index - 1] === "-t"));
    const [flags, command] = at < 0 ? [argv.slice(0, -1), argv.slice(-1)] : [argv.slice(0, at), argv.slice(at)];
    expect((await docker("run", "--rm", ...flags, "busybox", ...command)).code, argv.join(" ")).not.toBe(0);
  }
  await docker("run", "-d", "--name", "host", "busybox", "sleep", "1000");
  for (const flags of [[], ["-t"], ["-w", "/nope"], ["-w", "/etc/passwd"], ["-u", "nobody-there"]])
    expect((await docker("exec", ...flags, "host", "/nope")).code, flags.join(" ")).not.toBe(0);
  await docker("exec", "-d", "host", "sleep", "1000");
  // Clients that go away in the middle.
  for (const argv of [["attach"], ["exec"], ["logs", "-f"]]) {
    const more = argv[0] === "exec" ? ["sleep", "1000"] : [];
    expect((await daemon.docker([...argv, "host", ...more], { timeout: 1000 })).code).toBe(137);
  }
  await docker("rm", "-f", "host");
  await docker("volume", "prune", "-af");
  await expect.poll(inventory, { timeout: 20_000 }).toEqual(before);
});

it("a container that made cgroups and left processes in them is cleared away whole", async () => {
  const before = await inventory();
  const nest =
    "mkdir -p /sys/fs/cgroup/a/b/c && (echo 0 > /sys/fs/cgroup/a/b/c/cgroup.procs; exec sleep 1000) & sleep 1";
  expect((await docker("run", "--rm", "--privileged", "busybox", "sh", "-c", nest)).code).toBe(0);
  await expect.poll(inventory, { timeout: 20_000 }).toEqual(before);
});

it("a runtime that is killed in the middle of a start leaves nothing in the guest", async () => {
  const before = await inventory();
  const hunter = "while :; do killall -9 crun 2>/dev/null; usleep 2000; done";
  await docker("run", "-d", "--name", "hunter", ...hostLine(hunter));
  const starts = await Promise.all(Array.from({ length: 4 }, () => docker("run", "--rm", "busybox", "echo", "ran")));
  await docker("rm", "-f", "hunter");
  expect(starts.some(({ code }) => code !== 0)).toBe(true);
  for (const { code, stdout } of starts) expect([code, stdout]).toEqual(code === 0 ? [0, "ran\n"] : [code, ""]);
  expect((await docker("run", "--rm", "busybox", "echo", "well")).stdout).toBe("well\n");
  await expect.poll(inventory, { timeout: 20_000 }).toEqual(before);
});
