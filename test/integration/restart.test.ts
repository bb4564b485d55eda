import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callApi } from "../support/api.ts";
import { type RegistryDouble, startRegistryDouble } from "../support/registry-double.node.ts";
import { buildImage, type TestBlob } from "../support/registry-image.node.ts";
import { type Daemon, startDaemon } from "../support/wherry.ts";

const lost = "the container's writable layer was lost with the guest that it was in: remove it and create it anew";

let first: Daemon;
let daemon: Daemon;
let registry: RegistryDouble;
const started: Daemon[] = [];
const docker = (...argv: string[]) => daemon.docker(argv);

beforeAll(async () => {
  registry = await startRegistryDouble();
  first = await startDaemon();
  daemon = first;
  started.push(first);
  await docker("pull", "-q", "busybox");
});
afterAll(async () => {
  for (const each of started.reverse()) await each.stop();
  await registry?.stop();
});

async function again(): Promise<void> {
  daemon = await startDaemon({ dataRoot: first.dataRoot });
  started.push(daemon);
}

async function state(name: string): Promise<Record<string, unknown>> {
  return JSON.parse((await docker("inspect", "-f", "{{json .State}}", name)).stdout);
}

describe("a second engine on one data root", () => {
  it("is refused, and harms nothing", async () => {
    await docker("run", "-d", "--name", "guarded", "busybox", "sleep", "1000");
    const message = new RegExp(
      `the data root ${first.dataRoot} is in use: process with PID ${first.process.pid} is still running`,
    );
    await expect(startDaemon({ dataRoot: first.dataRoot })).rejects.toThrow(message);
    expect((await docker("exec", "guarded", "echo", "still")).stdout).toBe("still\n");
    await docker("rm", "-f", "guarded");
  });
});

describe.each(["SIGKILL", "SIGTERM"] as const)("an engine that ends by %s", (signal) => {
  it("leaves names, images and records; what ran is exited, and its files are lost", async () => {
    await docker("run", "-d", "--name", "ran", "--label", "a=b", "busybox", "sh", "-c", "echo logged; exec sleep 1000");
    await docker("run", "--name", "ended", "busybox", "sh", "-c", "exit 4");
    await docker("create", "--name", "fresh", "busybox", "echo", "from the start");
    await docker("tag", "busybox", "mine:1");
    await docker("volume", "create", "kept");
    await daemon.kill(signal);
    await again();

    const { stdout } = await docker("ps", "-a", "--format", "{{.Names}} {{.State}} {{.Image}}");
    expect(stdout).toBe("fresh created busybox\nended exited busybox\nran exited busybox\n");
    const code = signal === "SIGKILL" ? 255 : 137;
    expect(await state("ran")).toMatchObject({ Status: "exited", ExitCode: code, Error: lost, Pid: 0 });
    expect(await state("ended")).toMatchObject({ Status: "exited", ExitCode: 4, Error: lost });
    for (const name of ["ran", "ended"]) {
      const { code, stderr } = await docker("start", name);
      expect([code, stderr]).toEqual([
        1,
        `Error response from daemon: ${lost}\nError: failed to start containers: ${name}\n`,
      ]);
    }
    expect((await docker("start", "-a", "fresh")).stdout).toBe("from the start\n");
    expect((await docker("inspect", "-f", "{{.Config.Labels.a}}", "ran")).stdout).toBe("b\n");
    expect((await docker("images", "-q", "mine:1")).stdout).not.toBe("");
    expect((await docker("volume", "ls", "-q")).stdout).toBe("kept\n");
    expect((await docker("rm", "ran", "ended", "fresh")).code).toBe(0);
    expect((await docker("run", "--rm", "--name", "ran", "mine:1", "echo", "anew")).stdout).toBe("anew\n");
    await docker("rmi", "mine:1");
    await docker("volume", "rm", "kept");
  });
});

describe("an engine that is killed in the middle of a pull", () => {
  const noise = (seed: string) => createHash("shake256", { outputLength: 300_000 }).update(seed).digest();
  const image = buildImage({ layers: [{ a: noise("a") }, { b: noise("b") }, { which: "pulled" }] });
  const [one, two] = image.layers as [TestBlob, TestBlob];
  afterEach(() => {
    registry.answer = () => false;
  });

  it.each([
    ["asked for the manifest", image.manifest, 0],
    ["asked for the config", image.config, 0],
    ["has half of a layer", one, 150_000],
    ["has one layer and half of another", two, 150_000],
  ] as const)("when it %s shows nothing of it afterwards", async (_, target, bytes) => {
    registry.add("app:1", image);
    const reached = new Promise<void>((resolve) => {
      registry.answer = (request, response) => {
        if (!request.url?.endsWith(target.digest)) return false;
        response.writeHead(200, { "content-length": target.bytes.length });
        response.write(target.bytes.subarray(0, bytes));
        setTimeout(resolve, 200);
        return true;
      };
    });
    const pull = docker("pull", `${registry.host}/app:1`);
    await reached;
    await daemon.kill("SIGKILL");
    expect((await pull).code).not.toBe(0);
    registry.answer = () => false;
    await again();
    expect((await docker("images", "-q", `${registry.host}/app`)).stdout).toBe("");
    const { json } = await callApi(daemon.host, "GET", "/system/df");
    expect((json as { Images: unknown[] }).Images).toHaveLength(1);
    expect(await readdir(join(first.dataRoot, "content/tmp"))).toEqual([]);
    expect((await docker("pull", "-q", `${registry.host}/app:1`)).code).toBe(0);
    expect((await docker("rmi", `${registry.host}/app:1`)).code).toBe(0);
  });
});

describe("a guest that dies", () => {
  it("is told of with its last words, and booted again by what needs one", async () => {
    await docker("run", "-d", "--name", "bystander", "busybox", "sleep", "1000");
    const crashed = await docker(
      "run",
      "--privileged",
      "--name",
      "crasher",
      "busybox",
      "sh",
      "-c",
      "echo c > /proc/sysrq-trigger; sleep 1000",
    );
    expect(crashed.code).not.toBe(0);
    await expect
      .poll(() => daemon.output())
      .toContain("the guest is gone: Kernel panic - not syncing: sysrq triggered crash");
    for (const name of ["bystander", "crasher"])
      expect(await state(name)).toMatchObject({ Status: "exited", ExitCode: 255, Error: lost });
    expect((await docker("run", "--rm", "busybox", "echo", "booted again")).stdout).toBe("booted again\n");
    expect((await docker("start", "bystander")).stderr).toContain(lost);
    expect((await docker("rm", "bystander", "crasher")).code).toBe(0);
  });
});

const mayMount = process.getuid?.() === 0;
describe.skipIf(!mayMount)("a disk that is full", () => {
  const exec = promisify(execFile);
  let folder: string;
  let small: Daemon | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "wherry-small-"));
    await exec("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", folder]);
  });
  afterAll(async () => {
    await small?.stop();
    await exec("umount", [folder]);
    await rm(folder, { recursive: true, force: true });
  });

  it("ends a pull in Docker's words, shows nothing of it, and is usable once there is space", async () => {
    const bytes = createHash("shake256", { outputLength: 5_000_000 }).update("big").digest();
    registry.add("big:1", buildImage({ layers: [{ bytes }] }));
    small = await startDaemon({ dataRoot: folder });
    const pulled = await small.docker(["pull", `${registry.host}/big:1`]);
    expect(pulled.code).toBe(1);
    expect(pulled.stderr).toMatch(/no space left on device\n$/);
    const { json } = await callApi(small.host, "GET", "/system/df");
    expect(json).toMatchObject({ LayersSize: 0, Images: [] });
    expect((await small.docker(["run", "--rm", "hello-world"])).stdout).toContain("Hello from Docker!");
    await exec("mount", ["-o", "remount,size=40m", folder]);
    expect((await small.docker(["pull", "-q", `${registry.host}/big:1`])).code).toBe(0);
  });
});
