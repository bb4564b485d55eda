import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callApi } from "../support/api.ts";
import { olderDocker } from "../support/docker-version.ts";
import { type Engine, startEngine } from "../support/engine.ts";

let engine: Engine;
const docker = (...argv: string[]) => engine.docker(argv);
const create = (...flags: string[]) => docker("create", "--name", "cf-detail", ...flags, "busybox", "sh");

beforeAll(async () => {
  engine = await startEngine();
});
afterEach(async () => {
  await docker("rm", "-fv", "cf-detail", "cf-other");
  await docker("volume", "rm", "-f", "cf-detail");
});
afterAll(() => engine?.stop());

describe("inside a container", () => {
  const inside = async (flags: string[], script: string) => {
    const { stdout, stderr } = await docker("run", "--rm", ...flags, "busybox", "sh", "-c", script);
    return `${stdout}${stderr}`.trim();
  };

  it("there are Docker's marks, and none of them counts as written", async () => {
    expect(await inside([], "stat -c '%a %s' /.dockerenv; readlink /etc/mtab")).toBe("755 0\n/proc/mounts");
    await docker(
      "run",
      "--name",
      "cf-detail",
      "busybox",
      "sh",
      "-c",
      "printf 123456 > /f; mkdir /d; ln -s f /l; ln /f /h",
    );
    expect((await docker("inspect", "-s", "-f", "{{.SizeRw}}", "cf-detail")).stdout).toBe("7\n");
    expect((await docker("ps", "-as", "--filter", "name=cf-detail", "--format", "{{.Size}}")).stdout).toMatch(
      /^7B \(virtual [\d.]+MB\)\n$/,
    );
  });

  it("an empty HOME is none", async () => {
    expect(await inside(["-e", "HOME="], "echo $HOME")).toBe("/root");
  });

  it("the host's network comes without the host's name", async () => {
    expect(await inside(["--network", "host", "-h", "box"], "hostname")).toBe("box");
  });

  it("a full host name answers by its first word too", async () => {
    expect(await inside(["-h", "box.example.com"], "grep -o 'box.*' /etc/hosts")).toBe("box.example.com box");
  });
});

describe("what containers share", () => {
  const other = (...flags: readonly string[]) =>
    docker("run", "-d", "--name", "cf-detail", ...flags, "busybox", "sleep", "1000");
  const run = async (flags: readonly string[], line: string) => {
    const { stdout, stderr } = await docker("run", "--rm", ...flags, "busybox", "sh", "-c", line);
    return `${stdout}${stderr}`.trim();
  };
  const second = async (flags: readonly string[], act: () => Promise<void>) => {
    try {
      await docker("run", "-d", "--name", "cf-detail-2", ...flags, "busybox", "sleep", "1000");
      await act();
    } finally {
      await docker("rm", "-f", "cf-detail-2");
    }
  };

  it("is their /dev/shm, for as long as one of them has it", async () => {
    await other("--ipc", "shareable");
    const line =
      "echo hi > /dev/shm/x; readlink /proc/self/ns/ipc; grep -o 'shm tmpfs rw,nosuid,nodev,noexec' /proc/mounts";
    const [namespace, mounted] = (await run(["--ipc", "container:cf-detail"], line)).split("\n");
    expect(mounted).toBe("shm tmpfs rw,nosuid,nodev,noexec");
    const { stdout } = await docker("exec", "cf-detail", "sh", "-c", "cat /dev/shm/x; readlink /proc/self/ns/ipc");
    expect(stdout).toBe(`hi\n${namespace}\n`);
    await second(["--ipc", "container:cf-detail"], async () => {
      expect(await run(["--ipc", "container:cf-detail-2"], "cat /dev/shm/x")).toBe("hi");
      await docker("rm", "-f", "cf-detail");
      expect((await docker("exec", "cf-detail-2", "cat", "/dev/shm/x")).stdout).toBe("hi\n");
      const { stderr } = await docker("restart", "-t", "0", "cf-detail-2");
      expect(stderr).toMatch(
        /Cannot restart container cf-detail-2: failed to join IPC namespace: No such container: [0-9a-f]{64}/,
      );
      expect((await docker("inspect", "-f", "{{.State.ExitCode}}", "cf-detail-2")).stdout).toBe("137\n");
    });
  });

  it("is not what was not made to be", async () => {
    await other();
    const { code, stderr } = await docker("run", "--rm", "--ipc", "container:cf-detail", "busybox", "true");
    expect(code).toBe(125);
    expect(stderr).toMatch(
      /failed to join IPC namespace: container [0-9a-f]{64}: non-shareable IPC \(hint: use IpcMode:shareable/,
    );
  });

  it("may be a network that is shared already", async () => {
    await other("-h", "owner");
    await second(["--network", "container:cf-detail"], async () => {
      expect(await run(["--network", "container:cf-detail-2"], "cat /etc/hostname")).toBe("owner");
    });
  });
});

describe("networks without an endpoint", () => {
  it.each([
    ["host", "WARNING: Published ports are discarded when using host network mode\n"],
    ["none", ""],
  ])("%s: published ports are passed over", async (network, warning) => {
    const { code, stderr } = await docker("run", "--rm", "--network", network, "-p", "80:80", "busybox", "true");
    expect([code, stderr]).toEqual([0, warning]);
  });

  it.each(["host", "none"])("%s: an address cannot be chosen", async (network) => {
    const { stderr } = await docker("create", "--network", network, "--ip", "1.2.3.4", "busybox");
    expect(stderr).toContain(`invalid config for network ${network}: invalid endpoint settings:`);
  });
});

describe("what cannot be", () => {
  it.each([
    [["--ipc", "container:cf-none"], "No such container: cf-none"],
    [["--uts", "host", "-h", "x"], "conflicting options: hostname and the UTS mode"],
    [["--network", "container:cf-other", "-h", "x"], "conflicting options: hostname and the network mode"],
    [["--network", "container:cf-other", "--dns", "1.1.1.1"], "conflicting options: dns and the network mode"],
    [["--network", "container:"], "invalid network mode: invalid container format container:<name|id>"],
    [["--pid", "container:cf-none"], "No such container: cf-none"],
    [["--volumes-from", "cf-none"], "No such container: cf-none"],
    [["--tmpfs", "/"], "invalid specification: destination can't be '/'"],
    [["--mount", "type=bogus,dst=/x"], 'invalid mount config for type "bogus": mount type unknown'],
    [["--cpu-shares", "-5"], "invalid CPU shares (-5): value must be a positive integer"],
    [["--log-opt", "mode=bogus"], "logger: logging mode not supported: bogus"],
    [["--storage-opt", "size=1G"], "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"],
  ])("create %j", async (flags, message) => {
    const { code, stderr } = await create(...flags);
    expect([code, stderr]).toEqual([1, `Error response from daemon: ${message}\n`]);
  });

  // An older command refuses it by itself, in words of its own.
  it.skipIf(olderDocker)("create with a link on the host's network", async () => {
    const { code, stderr } = await create("--network", "host", "--link", "cf-other");
    expect([code, stderr]).toEqual([
      1,
      "Error response from daemon: conflicting options: host type networking can't be used with links. This would result in undefined behavior\n",
    ]);
  });

  it.each([
    [["-u", "1:2:3"], "unable to find group 2:3: no matching entries in group file"],
    [["--log-opt", "max-size=bad"], "failed to initialize logging driver: invalid size: 'bad'"],
    [["--network", "container:cf-none"], "joining network namespace of container: No such container: cf-none"],
    [["--tmpfs", "/t:nosuid,bogus=1"], 'invalid tmpfs option "bogus"'],
    [["--tmpfs", "/proc"], 'to rootfs at "/proc": create mountpoint for /proc mount: check proc-safety of /proc mount'],
    [["-v", "/proc/sys"], '/proc/sys" cannot be mounted because it is inside /proc'],
    [["--gpus", "all"], 'could not select device driver "" with capabilities: [[gpu]]'],
  ])("run %j", async (flags, message) => {
    const { code, stderr } = await docker("run", "--rm", ...flags, "busybox", "true");
    expect(code).toBe(125);
    expect(stderr).toContain(message);
  });

  const isRefused = async (argv: readonly string[], message: string) => {
    await docker("run", "-d", "--name", "cf-detail", "busybox", "sleep", "100");
    const { code, stderr } = await engine.docker(argv);
    expect(code).toBe(1);
    expect(stderr).toContain(`Error response from daemon: `);
    expect(stderr).toContain(message);
  };

  it.each([
    [["kill", "cf-none"], "cannot kill container: cf-none: No such container: cf-none"],
    [
      ["kill", "-s", "65", "cf-detail"],
      "cannot kill container: cf-detail: the linux daemon does not support signal 65",
    ],
    [["rename", "cf-detail", "a b"], "Error when allocating new name: Invalid container name (/a b), only"],
    [["swarm", "leave"], "This node is not part of a swarm"],
    [["network", "create", "bridge"], "operation is not permitted on predefined bridge network"],
    [["network", "ls", "--filter", "type=bogus"], "invalid filter: 'type'='bogus'"],
    [["ps", "--filter", "expose=bogus"], 'error while looking up for expose bogus: strconv.ParseUint: parsing "bogus"'],
    [["container", "prune", "-f", "--filter", "label=cf-x", "--filter", "until=x"], 'as time or duration: "x"'],
  ])("docker %j", isRefused);

  // The command has had this flag of theirs since 23.0.
  it.skipIf(olderDocker).each([
    [["stop", "-s", "BOGUS", "cf-detail"], "cannot stop container: cf-detail: invalid signal: BOGUS"],
    [["restart", "-s", "BOGUS", "cf-detail"], "Cannot restart container cf-detail: invalid signal: BOGUS"],
  ])("docker %j", isRefused);
});

describe("docker create", () => {
  it("warns of limits that the kernel does not know", async () => {
    const { code, stderr } = await create("--blkio-weight", "300");
    expect([code, stderr]).toEqual([
      0,
      "WARNING: Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.\n",
    ]);
  });

  it("takes the volumes of another container", async () => {
    await docker("run", "--name", "cf-other", "-v", "cf-detail:/data", "busybox", "sh", "-c", "echo kept > /data/f");
    const script = "cat /data/f; touch /data/x 2>&1";
    const { stdout } = await docker("run", "--rm", "--volumes-from", "cf-other:ro", "busybox", "sh", "-c", script);
    expect(stdout).toBe("kept\ntouch: /data/x: Read-only file system\n");
  });

  it("says nothing yet of files that the first start makes", async () => {
    await create();
    const { stdout } = await docker("inspect", "-f", "<{{.HostsPath}}{{.HostnamePath}}{{.LogPath}}>", "cf-detail");
    expect(stdout).toBe("<>\n");
  });
});

describe("docker logs", () => {
  it("ends as the output ended", async () => {
    await docker("run", "--name", "cf-detail", "busybox", "sh", "-c", "printf 'one\\ntwo'");
    expect((await docker("logs", "cf-detail")).stdout).toBe("one\ntwo");
  });

  it("tells with --details what the log's options name", async () => {
    const flags = "-l tier=web -e STAGE=test --log-opt labels=tier --log-opt env=STAGE --log-opt tag={{.Name}}";
    await docker("run", "--name", "cf-detail", ...flags.split(" "), "busybox", "echo", "hi");
    const { stdout } = await docker("logs", "--details", "cf-detail");
    expect(stdout).toBe("STAGE=test,tag=cf-detail,tier=web hi\n");
  });

  it("has nothing to read where nothing is kept", async () => {
    const { stdout } = await docker("run", "--name", "cf-detail", "--log-driver", "none", "busybox", "echo", "hi");
    expect(stdout).toBe("hi\n");
    const { stderr } = await docker("logs", "cf-detail");
    expect(stderr).toBe("Error response from daemon: configured logging driver does not support reading\n");
  });

  it("counts and stamps the pieces of a long line", async () => {
    const script = "head -c 40000 /dev/zero | tr '\\0' x; echo";
    await docker("run", "--name", "cf-detail", "busybox", "sh", "-c", script);
    expect((await docker("logs", "-t", "cf-detail")).stdout.match(/T\d\d:\d\d:/g)).toHaveLength(3);
    expect((await docker("logs", "-n", "1", "cf-detail")).stdout).toHaveLength(40_001 - 2 * 16_384);
  });
});

describe("lists", () => {
  it("take a regular expression for a name", async () => {
    await create();
    const names = async (...filters: string[]) =>
      (await docker("ps", ...filters.flatMap((filter) => ["--filter", filter]), "--format", "{{.Names}}")).stdout;
    expect(await names("name=^/cf-(detail|none)$", "status=created")).toBe("cf-detail\n");
    expect(await names("name=^cf-\\w{6}$", "status=created")).toBe("cf-detail\n");
    // Unlike the status, an exit code does not make all of them count.
    expect(await names("name=cf-detail", "exited=0")).toBe("");
  });

  it("forget an exec that has ended", async () => {
    await docker("run", "-d", "--name", "cf-detail", "busybox", "sleep", "100");
    await docker("exec", "cf-detail", "true");
    await docker("exec", "cf-detail", "cf-no-such-command");
    expect((await docker("inspect", "-f", "{{len .ExecIDs}}", "cf-detail")).stdout).toBe("0\n");
  });

  it("tell of past events when an end is named", async () => {
    await docker("run", "--name", "cf-detail", "busybox", "true");
    const until = String(Math.floor(Date.now() / 1000) + 1);
    for (const since of [["--since", "0"], []]) {
      const argv = ["events", ...since, "--until", until, "--filter", "container=cf-detail", "--format", "{{.Action}}"];
      expect((await docker(...argv)).stdout).toMatch(/create\nattach\nstart\ndie\n$/);
    }
  });
});

describe("the API", () => {
  it("makes a volume without being told anything", async () => {
    const { status, json } = await callApi(engine.host, "POST", "/volumes/create");
    expect([status, json]).toMatchObject([201, { Labels: { "com.docker.volume.anonymous": "" } }]);
    await docker("volume", "rm", (json as { readonly Name: string }).Name);
  });

  it("sizes what has no terminal without a word, as docker-py does", async () => {
    await docker("run", "-d", "--name", "cf-detail", "busybox", "sleep", "100");
    const post = async (path: string) => (await callApi(engine.host, "POST", `${path}/resize?h=10&w=10`)).status;
    expect(await post("/containers/cf-detail")).toBe(200);
    await docker("exec", "-d", "cf-detail", "sleep", "100");
    const { stdout } = await docker("inspect", "-f", "{{index .ExecIDs 0}}", "cf-detail");
    expect(await post(`/exec/${stdout.trim()}`)).toBe(200);
    await docker("kill", "cf-detail");
    expect(await post("/containers/cf-detail")).toBe(409);
  });

  it("answers an update that warns of nothing with null", async () => {
    await docker("run", "-d", "--name", "cf-detail", "busybox", "sleep", "100");
    const body = { RestartPolicy: { Name: "on-failure" } };
    const { json } = await callApi(engine.host, "POST", "/containers/cf-detail/update", { body });
    expect(json).toEqual({ Warnings: null });
  });

  it("names what was not asked for with null", async () => {
    const { json } = await callApi(engine.host, "GET", "/system/df?type=build-cache");
    expect(json).toMatchObject({ LayersSize: 0, Images: null, Containers: null, Volumes: null });
  });
});
