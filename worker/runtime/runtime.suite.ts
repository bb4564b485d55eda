import { describe, expect, test } from "vitest";
import type { GuestOperation } from "../shim/guest.ts";
import type { Mount } from "../snapshots/mount.ts";
import { type Runtime, StartFailed, type Stdio, type Task } from "./runtime.ts";
import { effectiveCapabilities } from "./spec/capabilities.ts";
import { generateProcess } from "./spec/spec.ts";
import type { ProcessSpec, Spec } from "./spec/types.ts";

export interface RuntimeUnderTest {
  readonly runtime: Runtime;
  /** A root filesystem with the programs true, false, echo, cat, sleep, and /etc/passwd. */
  rootfs(id: string): Promise<readonly Mount[]>;
  readonly before?: readonly GuestOperation[];
}

const pipes: Stdio = { stdin: false, stdout: true, stderr: true };
let count = 0;

/** What every runtime has to do. `open` is called once. */
export function runtimeSuite(name: string, open: () => Promise<RuntimeUnderTest>): void {
  describe(`Runtime: ${name}`, () => {
    let opened: Promise<RuntimeUnderTest> | undefined;
    const start = async (args: readonly string[], stdio = pipes): Promise<Task> => {
      opened ??= open();
      const { runtime, rootfs, before = [] } = await opened;
      const id = `suite${++count}`;
      return runtime.prepare(id, { rootfs: await rootfs(id), before }).start(specOf(id, args, stdio), stdio);
    };

    test("start() runs the program and tells its exit code", async () => {
      for (const [program, code] of [
        ["true", 0],
        ["false", 1],
      ] as const) {
        const task = await start([program]);
        expect((await task.exited).code).toBe(code);
        expect(await task.delete()).toEqual({ oomKilled: false });
      }
    });

    test("start() hands out what the program writes", async () => {
      const task = await start(["echo", "hello", "there"]);
      expect(await text(task.stdout)).toBe("hello there\n");
      await task.exited;
      await task.delete();
    });

    test("start() rejects with StartFailed and 127 when there is no such program", async () => {
      const error = await start(["no-such-program"]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StartFailed);
      expect(error).toMatchObject({
        exitCode: 127,
        message: expect.stringContaining('exec: "no-such-program": executable file not found in $PATH'),
      });
    });

    test("stdin reaches the program until it is closed", async () => {
      const task = await start(["cat"], { ...pipes, stdin: true });
      const writer = task.stdin?.getWriter();
      await writer?.write(new TextEncoder().encode("through\n"));
      await writer?.close();
      expect(await text(task.stdout)).toBe("through\n");
      expect((await task.exited).code).toBe(0);
      await task.delete();
    });

    test("kill() ends it, and the exit tells the signal", async () => {
      const task = await start(["sleep", "1000"]);
      expect(await task.pids()).toContain(task.pid);
      await task.kill(9);
      expect(await task.exited).toMatchObject({ code: 137, signal: 9 });
      await task.delete();
    });

    test("exec() adds a process with streams of its own, and refuses one that is not there", async () => {
      const task = await start(["sleep", "1000"]);
      const process = await task.exec("e1", processOf(["echo", "from exec"], pipes), pipes);
      expect(await text(process.stdout)).toBe("from exec\n");
      expect((await process.exited).code).toBe(0);
      await expect(task.exec("e2", processOf(["no-such-program"], pipes), pipes)).rejects.toMatchObject({
        name: "StartFailed",
        exitCode: 127,
      });
      await task.kill(9);
      await task.exited;
      await task.delete();
    });

    test("pause() and resume() keep it alive; metrics() counts", async () => {
      const task = await start(["sleep", "1000"]);
      await task.pause();
      await task.resume();
      const metrics = await task.metrics();
      expect(metrics.pids.current).toBe(1);
      expect(metrics.memory.usage).toBeGreaterThan(0);
      await task.kill(9);
      await task.exited;
      await task.delete();
    });

    test("read() answers files of the root filesystem, and nothing for what is not there", async () => {
      const task = await start(["sleep", "1000"]);
      const passwd = await task.read("/etc/passwd", 4096);
      expect(new TextDecoder().decode(passwd)).toContain("root:");
      expect(await task.read("/no/such/file", 4096)).toBeUndefined();
      await task.kill(9);
      await task.exited;
      await task.delete();
    });

    test("a terminal carries output with carriage returns", async () => {
      const stdio: Stdio = { stdin: true, stdout: true, stderr: false, terminal: { size: { rows: 24, columns: 80 } } };
      const task = await start(["echo", "on a tty"], stdio);
      expect(await text(task.stdout)).toBe("on a tty\r\n");
      await task.exited;
      await task.delete();
    });
  });
}

async function text(stream: ReadableStream<Uint8Array> | undefined): Promise<string> {
  let all = "";
  for await (const bytes of stream ?? []) all += new TextDecoder().decode(bytes);
  return all;
}

function processOf(args: readonly string[], stdio: Stdio): ProcessSpec {
  return generateProcess({
    host: { OomScoreAdj: 0, Ulimits: null },
    user: { uid: 0, gid: 0, home: "/root" },
    args,
    env: ["PATH=/usr/bin:/bin"],
    cwd: "/",
    capabilities: effectiveCapabilities([], [], false),
    noNewPrivileges: false,
    console: stdio.terminal && [0, 0],
  });
}

function specOf(id: string, args: readonly string[], stdio: Stdio): Spec {
  return {
    ociVersion: "1.0.2",
    process: processOf(args, stdio),
    root: { path: "rootfs" },
    hostname: id,
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: [] },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"] },
      { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666"] },
    ],
    linux: {
      namespaces: (["pid", "mount", "uts", "ipc", "network", "cgroup"] as const).map((type) => ({ type })),
      cgroupsPath: `/docker/${id}`,
      resources: {},
    },
  };
}
