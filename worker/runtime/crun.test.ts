import { expect, test } from "vitest";
import {
  type ExitStatus,
  type Guest,
  GuestError,
  type GuestOperation,
  RuntimeFailed,
  type SpawnOptions,
} from "../shim/guest.ts";
import { CrunRuntime } from "./crun.ts";
import { allDevicesRule, defaultDeviceRules } from "./spec/devices.ts";
import type { DeviceRule, Spec } from "./spec/types.ts";

const spec: Spec = {
  ociVersion: "1.0.2",
  process: { user: { uid: 0, gid: 0 }, args: ["true"], env: [], cwd: "/" },
  root: { path: "" },
  mounts: [],
  linux: { namespaces: [], resources: {}, cgroupsPath: "/docker/c1" },
};
const pipes = { stdin: false, stdout: true, stderr: true };

/** Notes each call when it is made, and answers none before `release`. */
class SlowGuest {
  readonly calls: string[] = [];
  readonly operations: GuestOperation[] = [];
  readonly spawned: SpawnOptions[] = [];
  files: Record<string, string> = {};
  fail: { run?: Error; spawn?: Error } = {};
  /** What writing to a fifo fails with. */
  fifo: Error | undefined;
  release: () => void = () => undefined;
  #released = new Promise<void>((resolve) => {
    this.release = resolve;
  });

  get guest(): Guest {
    return this as unknown as Guest;
  }

  async run(operations: readonly GuestOperation[]): Promise<void> {
    this.calls.push("run");
    this.operations.push(...operations);
    await this.#released;
    if (this.fifo && operations.some((each) => each.op === "write" && each.path.endsWith(".fifo"))) throw this.fifo;
    if (this.fail.run && !operations.some((operation) => operation.op === "unmount")) throw this.fail.run;
  }

  async spawn(options: SpawnOptions) {
    this.calls.push("spawn");
    this.spawned.push(options);
    await this.#released;
    if (this.fail.spawn) throw this.fail.spawn;
    const exited: Promise<ExitStatus> = Promise.resolve({ code: 0, at: new Date() });
    return { pid: 7, exited, kill: async () => undefined, resize: async () => undefined };
  }

  async readFile(path: string): Promise<Uint8Array> {
    this.calls.push(`read ${path}`);
    await this.#released;
    const text = this.files[path];
    if (text === undefined) throw new GuestError(2, "ENOENT", path);
    return new TextEncoder().encode(text);
  }
}

function bundleOf(guest: SlowGuest) {
  const rootfs = [{ type: "overlay", source: "overlay", options: ["lowerdir=/l"] }];
  return new CrunRuntime(guest.guest).prepare("c1", { rootfs, before: [{ op: "mkdir", path: "/x", mode: 0o755 }] });
}

test("start() sends everything in one breath: mounts, configuration and crun", async () => {
  const guest = new SlowGuest();
  const started = bundleOf(guest).start(spec, pipes);
  expect(guest.calls).toEqual(["run", "spawn"]);
  expect(guest.operations.map((operation) => operation.op)).toEqual(["mkdir", "mkdir", "mount", "write"]);
  guest.release();
  expect((await started).pid).toBe(7);
  expect(guest.spawned[0]?.argv.slice(-3)).toEqual(["--pid-file", "/run/wherry/containers/c1/init.pid", "c1"]);
});

test("device rules are sent where they are not the ones that containers have anyway", async () => {
  const devicesFor = async (devices: readonly DeviceRule[], cgroupsPath: string) => {
    const guest = new SlowGuest();
    guest.release();
    await bundleOf(guest).start({ ...spec, linux: { ...spec.linux, cgroupsPath, resources: { devices } } }, pipes);
    const config = guest.operations.find((operation) => operation.op === "write");
    return JSON.parse(new TextDecoder().decode(config?.bytes)).linux.resources.devices;
  };
  expect(await devicesFor(defaultDeviceRules, "/docker/c1")).toBeUndefined();
  expect(await devicesFor([allDevicesRule], "/docker/c1")).toEqual([allDevicesRule]);
  expect(await devicesFor(defaultDeviceRules, "/elsewhere/c1")).toEqual(defaultDeviceRules);
});

test("paths of console sockets fit into a unix address", async () => {
  const guest = new SlowGuest();
  guest.release();
  const id = "c".repeat(64);
  const stdio = { ...pipes, terminal: {} };
  const task = await new CrunRuntime(guest.guest).prepare(id, { rootfs: [] }).start(spec, stdio);
  await task.exec("e".repeat(64), spec.process, stdio);
  const paths = guest.spawned.map(({ tty }) => (tty?.via === "console-socket" ? tty.path : ""));
  expect(paths.map((path) => path.length > 0 && path.length <= 107)).toEqual([true, true]);
});

test("start() gives the go-ahead when crun has made the process, which may have been killed by then", async () => {
  for (const killed of [false, true]) {
    const guest = new SlowGuest();
    guest.fifo = killed ? new GuestError(6, "ENXIO", "write") : undefined;
    guest.release();
    expect((await bundleOf(guest).start(spec, pipes)).pid).toBe(7);
    const fifo = "/run/crun/c1/exec.fifo";
    expect(guest.operations.slice(-2)).toMatchObject([
      { op: "write", path: fifo },
      { op: "remove", path: fifo },
    ]);
  }
});

test("start() clears away and says why when crun fails", async () => {
  const guest = new SlowGuest();
  guest.fail.spawn = new RuntimeFailed(
    1,
    '{"msg":"executable file `true` not found in $PATH: No such file or directory"}',
  );
  guest.release();
  await expect(bundleOf(guest).start(spec, pipes)).rejects.toMatchObject({ name: "StartFailed", exitCode: 127 });
  expect(guest.operations.map((operation) => operation.op).slice(-6)).toEqual([
    "unmount",
    "unmount",
    "remove",
    "remove",
    "remove",
    "remove",
  ]);
  expect(guest.operations.at(-1)).toMatchObject({ path: "/sys/fs/cgroup/docker/c1" });
});

test("start() reports the operation that the kernel refused, not crun's complaint that follows from it", async () => {
  const guest = new SlowGuest();
  guest.fail = { run: new GuestError(28, "ENOSPC", "mount"), spawn: new RuntimeFailed(1, "no config.json") };
  guest.release();
  await expect(bundleOf(guest).start(spec, pipes)).rejects.toMatchObject({ name: "GuestError", code: "ENOSPC" });
});

test("read() mounts first, and answers nothing for a file that is not there", async () => {
  const guest = new SlowGuest();
  guest.files["/etc/passwd"] = "root:x:0:0::/root:/bin/sh";
  guest.release();
  const bundle = bundleOf(guest);
  expect(new TextDecoder().decode(await bundle.read("/etc/passwd", 100))).toContain("root");
  expect(await bundle.read("/etc/group", 100)).toBeUndefined();
  expect(guest.calls).toEqual(["run", "read /etc/passwd", "read /etc/group"]);
});

test("delete() reads the OOM count before the cgroup goes, in one breath", async () => {
  const guest = new SlowGuest();
  guest.files["/sys/fs/cgroup/docker/c1/memory.events"] = "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n";
  guest.release();
  const task = await bundleOf(guest).start(spec, pipes);
  guest.calls.length = 0;
  const deleted = task.delete();
  expect(guest.calls).toEqual(["read /sys/fs/cgroup/docker/c1/memory.events", "run"]);
  expect(await deleted).toEqual({ oomKilled: true });
});
