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
