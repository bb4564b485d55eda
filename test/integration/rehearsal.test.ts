import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Rehearsals } from "../../worker/daemon/rehearsal.ts";
import { systemClock } from "../../worker/internal/clock.ts";
import { CrunRuntime } from "../../worker/runtime/crun.ts";
import type { Runtime } from "../../worker/runtime/runtime.ts";
import { AgentClient, hostFiles } from "../../worker/shim/agent-client.ts";
import { PROTOCOL_VERSION } from "../../worker/shim/protocol.ts";
import { openGuestFolder } from "../../worker/vm/guest-files.node.ts";
import { V86Machine } from "../../worker/vm/v86.ts";

const builtGuest = process.env.WHERRY_GUEST ?? fileURLToPath(new URL("../../dist/guest", import.meta.url));

let machine: V86Machine;
let guest: AgentClient;
let runtime: CrunRuntime;

beforeAll(async () => {
  const built = await openGuestFolder(builtGuest, PROTOCOL_VERSION);
  machine = new V86Machine(built.components, { id: "test" });
  await machine.start();
  guest = new AgentClient({ port: machine.port, now: () => new Date(), files: hostFiles });
  machine.onExit(({ reason }) => guest.disconnect(reason));
  await guest.connect();
  runtime = new CrunRuntime(guest);
});

afterAll(() => machine?.stop());

/** Rehearsals in the guest, and how many of them have begun; `started` is called as each does. */
function rehearsals(started: (number: number) => void = () => undefined) {
  const counted = { number: 0 };
  const counting: Runtime = {
    name: runtime.name,
    prepare: (id, options) => {
      started(++counted.number);
      return runtime.prepare(id, options);
    },
  };
  const idle = () => machine.idle;
  // However busy this machine is, they are not cut short.
  const clock = { ...systemClock(), now: () => new Date(0) };
  const made = new Rehearsals({ clock, idle, inUse: () => false });
  return { counted, made, over: made.begin(counting, guest.info.kernel) };
}

/** Rehearsals of which the first has begun. */
function inTheMiddle(): Promise<ReturnType<typeof rehearsals>> {
  return new Promise((resolve) => {
    const made = rehearsals(() => queueMicrotask(() => resolve(made)));
  });
}

/** All that somebody could see of a container who looks at the host. */
async function traces() {
  const text = async (path: string) => new TextDecoder().decode(await guest.readFile(path));
  const list = (path: string) => guest.readDir(path).catch(() => []);
  const processes = (await list("/proc")).filter((name) => /^\d+$/.test(name));
  return {
    mounts: await text("/proc/mounts"),
    // Kernel threads come and go.
    processes: (await Promise.all(processes.map((pid) => text(`/proc/${pid}/cmdline`).catch(() => "")))).filter(
      Boolean,
    ),
    cgroups: (await list("/sys/fs/cgroup/docker")).filter((name) => !name.includes(".")),
    bundles: await list("/run/wherry/containers"),
    states: await list("/run/crun"),
    run: await list("/run/wherry"),
    console: await printed(),
  };
}

/** The kernel's log. */
async function printed(): Promise<string> {
  const dmesg = await guest.spawn({ argv: ["/bin/busybox", "dmesg"], stdout: true });
  return new Response(dmesg.stdout).text();
}

/** A container of a user's, that must not mind what was before. */
async function runsTrue(id: string): Promise<number> {
  const path = "/etc/rehearsal-test";
  const bundle = runtime.prepare(id, { rootfs: [{ type: "none", source: "/", options: ["bind"] }] });
  bundle.add([{ op: "write", path, bytes: new Uint8Array(), mode: 0o600 }]);
  const spec = { ...plain, linux: { ...plain.linux, cgroupsPath: `/docker/${id}` } };
  const task = await bundle.start(spec, { stdin: false, stdout: true, stderr: true });
  const { code } = await task.exited;
  await task.delete();
  await guest.run([{ op: "remove", path }]);
  return code;
}

const plain = {
  ociVersion: "1.0.2",
  process: { args: ["true"], env: ["PATH=/bin"], cwd: "/", user: { uid: 0, gid: 0 } },
  root: { path: "" },
  mounts: [{ destination: "/proc", type: "proc", source: "proc", options: [] }],
  linux: { namespaces: [{ type: "pid" as const }, { type: "mount" as const }], resources: {}, cgroupsPath: "" },
};

describe("rehearsals in a guest that nobody uses", () => {
  it("come to an end and leave nothing behind", async () => {
    const before = await traces();
    const { counted, over } = rehearsals();
    await over;
    expect(counted.number).toBeGreaterThan(1);
    expect(await traces()).toEqual({ ...before, bundles: [], states: [], run: expect.any(Array) });
  });

  it("are given up wherever they are, and leave nothing behind then either", async () => {
    await runsTrue("before");
    const before = await traces();
    // Each is interrupted a little later in its course, up to its end.
    const { made, counted, over } = rehearsals((number) => setTimeout(() => made.touch(), 25 * (number - 1)));
    await over;
    expect(counted.number).toBeGreaterThan(1);
    expect(await traces()).toEqual(before);
    expect(await runsTrue("after")).toBe(0);
  });

  it("do not keep a container waiting that is asked for in the middle of one", async () => {
    const { made, over } = await inTheMiddle();
    const code = runsTrue("user");
    made.touch();
    expect(await code).toBe(0);
    made.end();
    await over;
    expect(await traces()).toMatchObject({ cgroups: [], bundles: [], states: [] });
  });

  it("end with the engine", async () => {
    const { made, counted, over } = await inTheMiddle();
    made.end();
    await over;
    expect(counted.number).toBe(1);
    expect(await traces()).toMatchObject({ cgroups: [], bundles: [], states: [] });
  });

  it("end with the guest", async () => {
    const { over } = await inTheMiddle();
    guest.disconnect("the end of the test");
    await machine.stop();
    await over;
  });
});
