import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Daemon, hostLine, startDaemon } from "../support/wherry.ts";

const lost = "the container's writable layer was lost with the guest that it was in: remove it and create it anew";

let daemon: Daemon;
const docker = (...argv: string[]) => daemon.docker(argv);

beforeAll(async () => {
  daemon = await startDaemon();
  await docker("pull", "-q", "busybox");
});
afterAll(() => daemon?.stop());

/** Runs a line on the Docker host, as its root. */
const onHost = (line: string) => docker("run", "--rm", ...hostLine(line));

describe("a guest that is ended from its own shell", () => {
  it.each([
    ["reboot", "the guest reset the machine"],
    ["reboot -f", "the guest reset the machine"],
    ["poweroff", "the guest turned the power off"],
    ["poweroff -f", "the guest turned the power off"],
    ["halt", "the guest halted its CPU"],
  ])("by %s is told of, and booted again by what needs one", async (command, reason) => {
    await docker("run", "-d", "--name", "bystander", "busybox", "sleep", "1000");
    const said = daemon.output().length;
    expect((await onHost(`${command}; sleep 1000`)).code).not.toBe(0);
    await expect.poll(() => daemon.output().slice(said)).toContain(`the guest is gone: ${reason};`);
    const state = await docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}", "bystander");
    expect(state.stdout).toBe(`exited 255 ${lost}\n`);
    expect((await docker("rm", "bystander")).code).toBe(0);
    expect((await docker("run", "--rm", "busybox", "echo", "booted again")).stdout).toBe("booted again\n");
  });
});

describe("a guest that is full", () => {
  it("says so, ends nothing, and still starts containers", async () => {
    await docker("run", "-d", "--name", "bystander", "busybox", "sleep", "1000");
    const fill = (path: string) => `dd if=/dev/zero of=${path}/big bs=1M count=300`;
    const full = "No space left on device";
    expect((await docker("run", "--name", "filler", "busybox", "sh", "-c", fill(""))).stderr).toContain(full);
    expect((await docker("run", "--rm", "-v", "full:/v", "busybox", "sh", "-c", fill("/v"))).stderr).toContain(full);
    for (const path of ["/tmp", "/root", "/dev/shm"]) expect((await onHost(fill(path))).stderr).toContain(full);
    expect((await docker("exec", "bystander", "echo", "still")).stdout).toBe("still\n");
    expect((await docker("run", "--rm", "busybox", "echo", "started")).stdout).toBe("started\n");
    await docker("rm", "-f", "bystander", "filler");
    await docker("volume", "rm", "full");
    await onHost("rm /tmp/big /root/big /dev/shm/big");
  });

  it("has room for others when a container fills what it has of its own", async () => {
    const files = ["hosts", "hostname", "resolv.conf"].map(
      (name) => `dd if=/dev/zero of=/etc/${name} bs=64k count=500`,
    );
    const filled = await docker(
      "run",
      "-d",
      "--name",
      "filler",
      "busybox",
      "sh",
      "-c",
      `${files.join(";")}; sleep 1000`,
    );
    expect(filled.code).toBe(0);
    const said = async () => (await docker("logs", "filler")).stderr.split("No space left on device").length - 1;
    await expect.poll(said).toBe(3);
    const hosts = await docker("run", "--rm", "--hostname", "other", "busybox", "cat", "/etc/hostname", "/etc/hosts");
    expect(hosts.stdout).toMatch(/^other\n127\.0\.0\.1\tlocalhost\n/);
    // It is not kept from starting again either.
    expect((await docker("restart", "-t", "0", "filler")).code).toBe(0);
    await docker("rm", "-f", "filler");
  });

  it("has terminals for others, whatever one container takes", async () => {
    const { stdout } = await docker("run", "--rm", "busybox", "grep", "-c", "^devpts .*,max=256 ", "/proc/mounts");
    expect(stdout).toBe("1\n");
  });

  it("has open files, inotify and timers for others, whatever one container takes", async () => {
    const counts = "cat /proc/sys/fs/file-max /proc/sys/fs/inotify/max_user_*; ulimit -i";
    const { stdout } = await docker("run", "--rm", "busybox", "sh", "-c", counts);
    expect(stdout.trim().split("\n")).toEqual(["2147483647", "8192", "1048576", "65536"]);
  });

  it("ends a fork bomb, and has processes for others and the host while it goes on", async () => {
    await docker("run", "-d", "--name", "bomb", "busybox", "sh", "-c", "bomb() { bomb | bomb & }; bomb; sleep 1000");
    const refused = async () => (await docker("logs", "bomb")).stderr;
    await expect.poll(refused, { timeout: 100_000 }).toContain("can't fork: Resource temporarily unavailable");
    const limit = await onHost("cat /sys/fs/cgroup/docker/pids.max");
    expect(limit.stdout).toBe("1024\n");
    expect((await docker("rm", "-f", "bomb")).code).toBe(0);
    expect((await docker("run", "--rm", "busybox", "echo", "after")).stdout).toBe("after\n");
  });

  it("ends the container that fills all that is memory, and no other", async () => {
    const bystander = "x=$(head -c 5000000 /dev/zero | tr '\\0' x); echo ready; while :; do sleep 1; done";
    await docker("run", "-d", "--name", "bystander", "busybox", "sh", "-c", bystander);
    await expect.poll(async () => (await docker("logs", "bystander")).stdout).toBe("ready\n");
    const fill = ["/dev/shm/big", "/dev/big", "/big"].map((path) => `dd if=/dev/zero of=${path} bs=64k`).join(";");
    const filler = await docker("run", "--name", "filler", "busybox", "sh", "-c", `${fill}; sleep 1000`);
    expect(filler.code).toBe(137);
    expect((await docker("run", "--rm", "busybox", "echo", "started")).stdout).toBe("started\n");
    expect((await docker("exec", "bystander", "echo", "still")).stdout).toBe("still\n");
    await docker("rm", "-f", "bystander", "filler");
  });

  it("ends the container that wants all memory, and no other", async () => {
    await docker("run", "-d", "--name", "bystander", "busybox", "sleep", "1000");
    const eater = await daemon.docker(["run", "--name", "eater", "busybox", "tail", "/dev/zero"], { timeout: 110_000 });
    expect(eater.code).toBe(137);
    expect((await docker("inspect", "-f", "{{.State.OOMKilled}}", "eater")).stdout).toBe("true\n");
    expect((await docker("exec", "bystander", "echo", "still")).stdout).toBe("still\n");
    await docker("rm", "-f", "bystander", "eater");
  });
});

describe("a guest that hangs", () => {
  it("does not keep the engine from ending, and loses no record", async () => {
    await docker("run", "-d", "--name", "running", "busybox", "sleep", "1000");
    // Freezes the agent.
    const freezing = onHost("echo 1 > /sys/fs/cgroup/host/cgroup.freeze");
    const answers = () => daemon.docker(["top", "running"], { timeout: 5_000 });
    await expect.poll(async () => (await answers()).code, { timeout: 100_000 }).toBe(137);
    await daemon.kill("SIGTERM");
    await freezing;
    const next = await startDaemon({ dataRoot: daemon.dataRoot });
    const { stdout } = await next.docker([
      "ps",
      "-a",
      "--format",
      "{{.Names}} {{.Status}}",
      "--filter",
      "name=running",
    ]);
    await next.stop();
    expect(stdout).toMatch(/^running Exited \(255\) /);
  });
});
