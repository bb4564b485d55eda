import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callApi } from "../support/api.ts";
import { olderDocker } from "../support/docker-version.ts";
import { type Engine, startEngine } from "../support/engine.ts";
import { PtySession } from "../support/pty.ts";

let engine: Engine;
const docker = (...argv: string[]) => engine.docker(argv);
const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /;

beforeAll(async () => {
  engine = await startEngine();
});
afterEach(async () => {
  await docker("rm", "-f", "cf-see", "cf-other");
});
afterAll(async () => {
  await engine?.stop();
});

describe("docker logs", () => {
  it("gives all, the last lines, each with its time, or those since a time", async () => {
    await docker(
      "run",
      "--name",
      "cf-see",
      "busybox",
      "sh",
      "-c",
      "echo two >&2; sleep 0.2; echo one; sleep 0.2; echo three",
    );
    expect(await docker("logs", "cf-see")).toEqual({ code: 0, stdout: "one\nthree\n", stderr: "two\n" });
    expect(await docker("logs", "--tail", "1", "cf-see")).toEqual({ code: 0, stdout: "three\n", stderr: "" });
    expect((await docker("logs", "--tail", "0", "cf-see")).stdout).toBe("");
    const timed = (await docker("logs", "-t", "cf-see")).stdout.trimEnd().split("\n");
    expect(timed.map((line) => line.replace(stamp, ""))).toEqual(["one", "three"]);
    for (const line of timed) expect(line).toMatch(stamp);
    const [, second = ""] = timed;
    const since = second.split(" ")[0] ?? "";
    expect((await docker("logs", "--since", since, "cf-see")).stdout).toBe("three\n");
    expect((await docker("logs", "--until", timed[0]?.split(" ")[0] ?? "", "cf-see")).stdout).toBe("one\n");
    expect((await docker("logs", "--since", "2000-01-01T00:00:00", "cf-see")).stdout).toBe("one\nthree\n");
    expect((await docker("logs", "--since", "2100-01-01T00:00:00", "cf-see")).stdout).toBe("");
  });

  it("keeps the logs of a container that was started again", async () => {
    await docker("run", "--name", "cf-see", "busybox", "echo", "once");
    await docker("start", "-a", "cf-see");
    expect((await docker("logs", "cf-see")).stdout).toBe("once\nonce\n");
  });

  it("follows to the end, from where it was told to", async () => {
    const script = "echo early; until [ -e /go ]; do sleep 0.1; echo waiting; done; for i in 1 2 3; do echo $i; done";
    await docker("run", "-d", "--name", "cf-see", "busybox", "sh", "-c", script);
    const follower = new PtySession("docker logs -f --tail 0 cf-see", { ...process.env, DOCKER_HOST: engine.host });
    try {
      expect(await follower.shows(/waiting/)).not.toContain("early");
      await docker("exec", "cf-see", "touch", "/go");
      expect(await follower.shows(/3\n/)).toMatch(/(^|waiting\n)1\n2\n3\n$/);
      expect(await follower.ended()).toBe(0);
    } finally {
      follower.kill();
    }
  });
});

describe("docker attach", () => {
  it("without a terminal hands stdin over to its end, and answers the exit code", async () => {
    await docker("create", "-i", "--name", "cf-see", "busybox", "sh", "-c", "cat; exit 6");
    const outcome = await engine.docker(["start", "-ai", "cf-see"], { input: "all of it\n" });
    expect(outcome).toEqual({ code: 6, stdout: "all of it\n", stderr: "" });
  });

  it("leaves the stdin of a detached container open for the next", async () => {
    await docker("run", "-di", "--name", "cf-see", "busybox", "sh", "-c", "read a; echo $a; read b; echo $b; exit 7");
    const first = engine.docker(["attach", "cf-see"], { input: "one\n" });
    await expect.poll(async () => (await docker("logs", "cf-see")).stdout, { timeout: 20_000 }).toBe("one\n");
    const second = await engine.docker(["attach", "cf-see"], { input: "two\n" });
    expect([second.code, (await first).code]).toEqual([7, 7]);
    expect((await docker("logs", "cf-see")).stdout).toBe("one\ntwo\n");
  });

  it("refuses a container that does not run", async () => {
    await docker("create", "--name", "cf-see", "busybox");
    const { code, stderr } = await docker("attach", "cf-see");
    expect(code).toBe(1);
    expect(stderr).toBe("You cannot attach to a stopped container, start it first\n");
  });
});

describe("docker wait", () => {
  it("answers each container's exit code, and at once for one that ended", async () => {
    await docker("run", "-d", "--name", "cf-see", "busybox", "sh", "-c", "exit 3");
    await docker("run", "--name", "cf-other", "busybox", "sh", "-c", "exit 4");
    expect((await docker("wait", "cf-see", "cf-other")).stdout).toBe("3\n4\n");
  });
});

describe("docker top and stats", () => {
  it("show what runs", async () => {
    await docker(
      "run",
      "-d",
      "--name",
      "cf-see",
      "--memory",
      "64m",
      "busybox",
      "sh",
      "-c",
      "sleep 1000 & exec sleep 2000",
    );
    const top = (await docker("top", "cf-see")).stdout.trimEnd().split("\n");
    expect(top[0]).toMatch(/^UID +PID +PPID +C +STIME +TTY +TIME +CMD$/);
    expect(top.slice(1).map((line) => line.replace(/^root .*\d\d:\d\d:\d\d +/, ""))).toEqual([
      "sleep 2000",
      "sleep 1000",
    ]);
    expect((await docker("top", "cf-see", "-o", "pid,comm")).stdout.split("\n")[0]).toMatch(/^PID +COMMAND$/);
    const { stdout } = await docker("stats", "--no-stream", "--format", "{{json .}}", "cf-see");
    const stats = JSON.parse(stdout);
    expect(Object.keys(stats).sort()).toEqual(
      ["BlockIO", "CPUPerc", "Container", "ID", "MemPerc", "MemUsage", "Name", "NetIO", "PIDs"].sort(),
    );
    expect(stats).toMatchObject({ Name: "cf-see", PIDs: "2" });
    expect(stats.MemUsage).toMatch(/^[\d.]+[kKM]i?B \/ 64MiB$/);
  });

  it("refuse a container that does not run", async () => {
    const { stdout: id } = await docker("create", "--name", "cf-see", "busybox");
    const { code, stderr } = await docker("top", "cf-see");
    expect([code, stderr]).toEqual([1, `Error response from daemon: container ${id.trim()} is not running\n`]);
  });
});

describe("docker ps", () => {
  it.skipIf(olderDocker)("prints a container as JSON with Docker's fields", async () => {
    await docker("run", "-d", "--name", "cf-see", "--label", "a=b", "busybox", "sleep", "1000");
    const { stdout } = await docker("ps", "--filter", "name=cf-see", "--no-trunc", "--format", "json");
    const line = JSON.parse(stdout);
    expect(Object.keys(line).sort()).toEqual(
      "Command CreatedAt ID Image Labels LocalVolumes Mounts Names Networks Platform Ports RunningFor Size State Status".split(
        " ",
      ),
    );
    expect(line).toMatchObject({
      Command: '"sleep 1000"',
      Image: "busybox",
      LocalVolumes: "0",
      Names: "cf-see",
      Networks: "bridge",
      Ports: "",
      State: "running",
    });
    expect(line.Labels).toContain("a=b");
  });

  it("filters by status, label, exit code and ancestor", async () => {
    await docker("run", "--name", "cf-see", "--label", "cf=1", "busybox", "sh", "-c", "exit 5");
    await docker("run", "-d", "--name", "cf-other", "--label", "cf=2", "busybox", "sleep", "1000");
    const names = async (...filters: string[]) => {
      const flags = [...filters, "name=cf-"].flatMap((filter) => ["--filter", filter]);
      return (await docker("ps", "-a", ...flags, "--format", "{{.Names}}")).stdout;
    };
    expect(await names("status=exited")).toBe("cf-see\n");
    expect(await names("label=cf=2")).toBe("cf-other\n");
    expect(await names("label=cf")).toBe("cf-other\ncf-see\n");
    expect(await names("exited=5")).toBe("cf-see\n");
    expect(await names("ancestor=busybox")).toBe("cf-other\ncf-see\n");
    expect(await names("before=cf-other")).toBe("cf-see\n");
  });
});

describe("docker events", () => {
  it("tell a container's life", async () => {
    const since = new Date().toISOString();
    await docker("run", "--name", "cf-see", "busybox", "sh", "-c", "exit 2");
    await docker("rm", "cf-see");
    const until = new Date(Date.now() + 300).toISOString();
    const filter = ["--filter", "container=cf-see", "--format", "{{.Type}} {{.Action}}"];
    const { stdout } = await docker("events", "--since", since, "--until", until, ...filter);
    expect(stdout.trimEnd().split("\n")).toEqual([
      "container create",
      "container attach",
      "container start",
      "container die",
      "container destroy",
    ]);
  });

  it("tell of what a container gives back before it is gone", async () => {
    const since = new Date().toISOString();
    const { stdout: id } = await docker("create", "--rm", "-v", "/data", "--name", "cf-see", "busybox", "true");
    const { stdout: volume } = await docker("inspect", "-f", "{{(index .Mounts 0).Name}}", "cf-see");
    await docker("start", "-a", "cf-see");
    const gone = async () => (await docker("ps", "-aq", "--filter", "name=cf-see")).stdout;
    await expect.poll(gone, { timeout: 20_000 }).toBe("");
    const until = new Date(Date.now() + 300).toISOString();
    const { stdout } = await docker("events", "--since", since, "--until", until, "--format", "{{json .}}");
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const own = events.filter(({ Actor }) =>
      [id.trim(), volume.trim()].some((name) => name === Actor.ID || name === Actor.Attributes.container),
    );
    expect(own.map(({ Type, Action }) => `${Type} ${Action}`)).toEqual([
      "volume create",
      "container create",
      "container attach",
      "volume mount",
      "network connect",
      "container start",
      "network disconnect",
      "volume unmount",
      "container die",
      "volume destroy",
      "container destroy",
    ]);
  });

  it("carry what the docker command prints of them", async () => {
    const since = new Date().toISOString();
    await docker("run", "--name", "cf-see", "--label", "a=b", "busybox", "sh", "-c", "exit 2");
    const until = new Date(Date.now() + 300).toISOString();
    const flags = ["--filter", "container=cf-see", "--filter", "event=die", "--format", "{{json .}}"];
    const { stdout } = await docker("events", "--since", since, "--until", until, ...flags);
    const event = JSON.parse(stdout);
    expect(event).toMatchObject({
      status: "die",
      from: "busybox",
      Type: "container",
      Action: "die",
      scope: "local",
      Actor: { Attributes: { a: "b", exitCode: "2", image: "busybox", name: "cf-see" } },
    });
    expect(event.id).toBe(event.Actor.ID);
    expect(Object.keys(event.Actor.Attributes)).toContain("execDuration");
  });
});

describe("docker system df and prune", () => {
  it("counts images, containers, volumes and the build cache", async () => {
    await docker("run", "--name", "cf-see", "busybox", "sh", "-c", "echo 12345 > /file");
    const { stdout } = await docker("system", "df", "--format", "{{.Type}}");
    expect(stdout).toBe("Images\nContainers\nLocal Volumes\nBuild Cache\n");
    const { json } = await callApi(engine.host, "GET", "/containers/cf-see/json?size=1");
    expect((json as { SizeRw: number }).SizeRw).toBeGreaterThanOrEqual(6);
  });

  it.skipIf(olderDocker)("takes what is no longer used, and says how much", async () => {
    await docker("run", "--name", "cf-see", "--label", "cf-prune", "busybox", "true");
    await docker("run", "-d", "--name", "cf-other", "--label", "cf-prune", "busybox", "sleep", "1000");
    const { stdout: id } = await docker("inspect", "-f", "{{.Id}}", "cf-see");
    const pruned = await docker("container", "prune", "-f", "--filter", "label=cf-prune");
    expect(pruned.stdout).toBe(`Deleted Containers:\n${id}\nTotal reclaimed space: 0B\n`);
    expect((await docker("ps", "-aq", "--filter", "label=cf-prune")).stdout.trim().split("\n")).toHaveLength(1);

    await docker("volume", "create", "--label", "cf-prune", "cf-volume");
    const volumes = await docker("volume", "prune", "-af", "--filter", "label=cf-prune");
    expect(volumes.stdout).toBe("Deleted Volumes:\ncf-volume\n\nTotal reclaimed space: 0B\n");
    const none = await docker("volume", "prune", "-af", "--filter", "label=cf-prune");
    expect(none.stdout).toBe("Total reclaimed space: 0B\n");
    expect((await docker("image", "prune", "-f", "--filter", "label=cf-none")).stdout).toBe(
      "Total reclaimed space: 0B\n",
    );
    expect(await docker("network", "prune", "-f", "--filter", "label=cf-none")).toMatchObject({ code: 0, stdout: "" });
  });
});
