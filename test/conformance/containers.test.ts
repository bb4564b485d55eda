import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { olderDocker } from "../support/docker-version.ts";
import { type Engine, startEngine } from "../support/engine.ts";

let engine: Engine;
const docker = (...argv: string[]) => engine.docker(argv);
const created = ["cf-one", "cf-two"];

beforeAll(async () => {
  engine = await startEngine();
});
afterEach(async () => {
  await docker("rm", "-f", ...created);
});
afterAll(async () => {
  await engine?.stop();
});

describe("docker run", () => {
  it("prints what the container prints, each stream on its own", async () => {
    const { code, stdout, stderr } = await docker(
      "run",
      "--rm",
      "busybox",
      "sh",
      "-c",
      "echo out; echo err >&2; exit 3",
    );
    expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: "out\n", stderr: "err\n" });
  });

  it("hands stdin over to its end", async () => {
    const outcome = await engine.docker(["run", "--rm", "-i", "busybox", "cat"], { input: "a line\n" });
    expect(outcome).toEqual({ code: 0, stdout: "a line\n", stderr: "" });
  });

  it("carries a megabyte through a pipe unharmed", async () => {
    const input = `${"0123456789abcdef".repeat(64)}\n`.repeat(1024);
    const { stdout, code } = await engine.docker(["run", "--rm", "-i", "busybox", "cat"], { input });
    expect(code).toBe(0);
    expect(stdout === input).toBe(true);
  });

  it("answers 127 when the command is not there", async () => {
    const { code, stderr } = await docker("run", "--rm", "busybox", "no-such-command");
    expect(code).toBe(127);
    expect(stderr).toContain('exec: "no-such-command": executable file not found in $PATH');
  });

  it("answers 126 when the command cannot be executed", async () => {
    const { code, stderr } = await docker("run", "--rm", "busybox", "/etc/passwd");
    expect(code).toBe(126);
    expect(stderr).toContain('exec: "/etc/passwd": permission denied');
  });

  it("refuses a name in use in Docker's words", async () => {
    const first = await docker("create", "--name", "cf-one", "busybox");
    const { code, stderr } = await docker("create", "--name", "cf-one", "busybox");
    expect(code).toBe(1);
    expect(stderr).toContain(
      `Error response from daemon: Conflict. The container name "/cf-one" is already in use by container "${first.stdout.trim()}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
  });

  it("refuses a malformed reference", async () => {
    const { code, stderr } = await docker("run", "--rm", "Busybox");
    expect(code).toBe(125);
    expect(stderr).toContain(
      olderDocker
        ? "invalid reference format: repository name must be lowercase"
        : "invalid reference format: repository name (library/Busybox) must be lowercase",
    );
  });
});

describe("what a container is given", () => {
  const inside = async (flags: string[], script: string) => {
    const { stdout, stderr } = await docker("run", "--rm", ...flags, "busybox", "sh", "-c", script);
    return stdout.trim() || stderr.trim();
  };

  it("is PID 1 in a pid namespace of its own", async () => {
    expect(await inside([], "echo $$")).toBe("1");
  });

  it("has its hostname, environment, working directory and user", async () => {
    const flags = ["--hostname", "box", "-e", "GREETING=hi there", "-w", "/made/here", "-u", "1000:1001"];
    expect(await inside(flags, "hostname; echo $GREETING; pwd; id -u; id -g")).toBe(
      "box\nhi there\n/made/here\n1000\n1001",
    );
  });

  it("has Docker's default capabilities, and those that were asked for", async () => {
    const effective = (flags: string[]) => inside(flags, "grep CapEff /proc/self/status | cut -f2");
    expect(await effective([])).toBe("00000000a80425fb");
    expect(await effective(["--cap-drop", "ALL", "--cap-add", "NET_ADMIN"])).toBe("0000000000001000");
  });

  it("runs under a seccomp filter unless it is privileged", async () => {
    expect(await inside([], "grep Seccomp: /proc/self/status | cut -f2")).toBe("2");
    expect(await inside(["--privileged"], "grep Seccomp: /proc/self/status | cut -f2")).toBe("0");
  });

  it("may make device nodes, and open only those that Docker allows", async () => {
    const script =
      "mknod /k c 1 11; head -c1 /k 2>&1; mknod /t c 4 64; echo x 2>&1 > /t; mknod /z c 1 5; head -c1 /z | wc -c";
    const { stdout, stderr } = await docker("run", "--rm", "busybox", "sh", "-c", script);
    expect({ stdout, stderr }).toEqual({
      stdout: "head: /k: Operation not permitted\nsh: can't create /t: Operation not permitted\n1\n",
      stderr: "",
    });
  });

  it("may not mount, nor set the clock", async () => {
    expect(await inside([], "mount -t tmpfs none /mnt 2>&1; date -s 2020-01-01 2>&1 | head -1")).toMatch(
      /permission denied[\s\S]*Operation not permitted/i,
    );
  });

  it("has masked and read-only paths", async () => {
    expect(
      await inside([], "touch /proc/sys/kernel/hostname 2>&1; ls /proc/scsi /sys/firmware | grep -c '^[a-z]'"),
    ).toMatch(/^touch.*Read-only file system\n0$/);
  });

  it("has a read-only root when asked, and a tmpfs in it", async () => {
    const script = "touch /x 2>&1; touch /scratch/x && mount | grep -c ' /scratch type tmpfs'";
    expect(await inside(["--read-only", "--tmpfs", "/scratch"], script)).toBe("touch: /x: Read-only file system\n1");
  });

  it("has its limits in its cgroup", async ({ skip }) => {
    const { stdout: version } = await docker("info", "--format", "{{.CgroupVersion}}");
    if (version.trim() === "1") skip("the engine's machine has cgroup v1");
    const flags = ["--memory", "32m", "--cpus", "0.5", "--pids-limit", "20"];
    const script = "cd /sys/fs/cgroup; cat memory.max cpu.max pids.max";
    expect(await inside(flags, script)).toBe("33554432\n50000 100000\n20");
  });

  it("has ulimits and sysctls", async () => {
    const flags = ["--ulimit", "nofile=100:200", "--sysctl", "net.ipv4.ip_forward=1"];
    expect(await inside(flags, "ulimit -n; ulimit -Hn; cat /proc/sys/net/ipv4/ip_forward")).toBe("100\n200\n1");
  });

  it("starts and execs under a limit that is too small for whoever starts it", async () => {
    await docker("run", "-d", "--name", "cf-one", "--ulimit", "fsize=1", "busybox", "sleep", "1000");
    // 153: ended by SIGXFSZ.
    const limit = ["sh", "-c", "ulimit -f; echo more than a byte > /file"];
    for (const terminal of [[], ["-t"]]) {
      const { code, stdout } = await docker("exec", ...terminal, "cf-one", ...limit);
      expect([code, stdout.trim()]).toEqual([153, "0"]);
    }
  });

  it("sees no network but loopback with --network none", async () => {
    expect(await inside(["--network", "none"], "ls /sys/class/net")).toMatch(/^lo$/m);
    expect(await inside([], "cat /etc/hosts | head -1")).toBe("127.0.0.1\tlocalhost");
  });

  it("has an init that reaps with --init", async () => {
    expect(await inside(["--init"], "cat /proc/1/comm")).toBe("docker-init");
  });
});

describe("the life of a container", () => {
  it("runs detached, is listed, executes, logs, stops and goes", async () => {
    const { stdout: id } = await docker(
      "run",
      "-d",
      "--name",
      "cf-one",
      "busybox",
      "sh",
      "-c",
      "echo ready; exec sleep 1000",
    );
    expect(id.trim()).toMatch(/^[0-9a-f]{64}$/);
    const listed = await docker(
      "ps",
      "--filter",
      "name=cf-one",
      "--format",
      "{{.Names}} {{.Image}} {{.Command}} {{.State}}",
    );
    expect(listed.stdout).toBe('cf-one busybox "sh -c \'echo ready; …" running\n');
    const exec = await docker(
      "exec",
      "-e",
      "A=b",
      "-w",
      "/tmp",
      "-u",
      "nobody",
      "cf-one",
      "sh",
      "-c",
      "echo $A; pwd; whoami",
    );
    expect(exec).toEqual({ code: 0, stdout: "b\n/tmp\nnobody\n", stderr: "" });
    expect((await docker("logs", "cf-one")).stdout).toBe("ready\n");
    expect((await docker("stop", "-t", "1", "cf-one")).stdout).toBe("cf-one\n");
    const state = await docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}} {{.State.Running}}", "cf-one");
    expect(state.stdout).toBe("exited 137 false\n");
    expect((await docker("rm", "cf-one")).stdout).toBe("cf-one\n");
    expect((await docker("inspect", "cf-one")).stderr).toContain("No such object: cf-one");
  });

  it("keeps its files over a restart", async () => {
    await docker("run", "--name", "cf-one", "busybox", "sh", "-c", "test -f /kept && echo again || touch /kept");
    expect((await docker("start", "-a", "cf-one")).stdout).toBe("again\n");
  });

  it("waits, and answers the exit code", async () => {
    await docker("run", "-d", "--name", "cf-one", "busybox", "sh", "-c", "sleep 0.3; exit 7");
    expect((await docker("wait", "cf-one")).stdout).toBe("7\n");
  });

  it("is killed by the signal that is named", async () => {
    await docker(
      "run",
      "-d",
      "--name",
      "cf-one",
      "busybox",
      "sh",
      "-c",
      "trap 'exit 9' USR1; while :; do sleep 0.1; done",
    );
    await docker("kill", "-s", "USR1", "cf-one");
    expect((await docker("wait", "cf-one")).stdout).toBe("9\n");
  });

  it("is restarted on failure as often as was allowed", async () => {
    await docker(
      "run",
      "-d",
      "--name",
      "cf-one",
      "--restart",
      "on-failure:2",
      "busybox",
      "sh",
      "-c",
      "echo try; exit 1",
    );
    let count = "";
    for (let tries = 0; tries < 50 && !count.startsWith("2 exited"); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      count = (await docker("inspect", "-f", "{{.RestartCount}} {{.State.Status}}", "cf-one")).stdout;
    }
    expect(count).toBe("2 exited\n");
    expect((await docker("logs", "cf-one")).stdout).toBe("try\ntry\ntry\n");
  });

  it("is paused and goes on", async () => {
    await docker("run", "-d", "--name", "cf-one", "busybox", "sleep", "1000");
    await docker("pause", "cf-one");
    expect((await docker("ps", "--filter", "name=cf-one", "--format", "{{.Status}}")).stdout).toMatch(/\(Paused\)\n$/);
    expect((await docker("exec", "cf-one", "true")).stderr).toContain("is paused, unpause the container before exec");
    await docker("unpause", "cf-one");
    expect((await docker("exec", "cf-one", "true")).code).toBe(0);
  });

  it("is told when it ran out of memory", async () => {
    const hog = "x=0123456789; while :; do x=$x$x; done";
    const { code } = await docker(
      "run",
      "--name",
      "cf-one",
      "--memory",
      "12m",
      "--memory-swap",
      "12m",
      "busybox",
      "sh",
      "-c",
      hog,
    );
    expect(code).toBe(137);
    expect((await docker("inspect", "-f", "{{.State.OOMKilled}}", "cf-one")).stdout).toBe("true\n");
  });

  it("refuses to be removed while it runs", async () => {
    const { stdout: id } = await docker("run", "-d", "--name", "cf-one", "busybox", "sleep", "1000");
    const { code, stderr } = await docker("rm", "cf-one");
    expect(code).toBe(1);
    expect(stderr).toContain(
      `cannot remove container "cf-one": container is running: stop the container before removing or force remove`,
    );
    expect((await docker("rm", "-f", id.slice(0, 12))).stdout.trim()).toBe(id.slice(0, 12));
  });
});

describe("volumes", () => {
  it("keeps a named volume's files between containers", async () => {
    await docker("run", "--rm", "-v", "cf-data:/data", "busybox", "sh", "-c", "echo kept > /data/file");
    expect((await docker("run", "--rm", "-v", "cf-data:/data:ro", "busybox", "cat", "/data/file")).stdout).toBe(
      "kept\n",
    );
    expect((await docker("volume", "rm", "cf-data")).stdout).toBe("cf-data\n");
  });

  it("refuses to remove a volume in use", async () => {
    const { stdout: id } = await docker("create", "--name", "cf-one", "-v", "cf-data:/data", "busybox");
    expect((await docker("volume", "rm", "cf-data")).stderr).toContain(
      `remove cf-data: volume is in use - [${id.trim()}]`,
    );
    await docker("rm", "cf-one");
    await docker("volume", "rm", "cf-data");
  });
});

describe("errors", () => {
  it.each([
    [["inspect", "cf-none"], "No such object: cf-none"],
    [["start", "cf-none"], "No such container: cf-none"],
    [["rmi", "cf-none"], olderDocker ? "No such image: cf-none" : "No such image: cf-none:latest"],
    [["logs", "cf-none"], "No such container: cf-none"],
    [
      ["create", "--name", "a b", "busybox"],
      "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
    ],
    [["create", "--memory", "1m", "busybox"], "Minimum memory limit allowed is 6MB"],
    [
      ["create", "-w", "not/absolute", "busybox"],
      "the working directory 'not/absolute' is invalid, it needs to be an absolute path",
    ],
  ])("docker %j says %s", async (argv, message) => {
    const { code, stderr } = await engine.docker(argv);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  });
});
