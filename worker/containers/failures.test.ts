import { expect, test } from "vitest";
import type { LogFrame } from "../api/types/backend.ts";
import { MemoryRecords } from "../metadata/memory.ts";
import type { RecordChange } from "../metadata/records.ts";
import { lostLayer } from "./container.ts";
import type { Containers } from "./containers.ts";
import { Fixture, request } from "./test-engine.ts";

/** Records whose changes can be held up, or fail. */
class FlakyRecords extends MemoryRecords {
  before: (changes: readonly RecordChange[]) => Promise<void> | void = () => undefined;

  override async apply(changes: readonly RecordChange[]): Promise<void> {
    await this.before(changes);
    await super.apply(changes);
  }

  /** From now on, changes whose JSON matches fail. */
  refuse(pattern: RegExp): void {
    this.before = (changes) => {
      if (changes.some(({ value }) => pattern.test(JSON.stringify(value) ?? "deleted"))) throw new Error("disk full");
    };
  }

  heal(): void {
    this.before = () => undefined;
  }
}

async function engine(): Promise<{ records: FlakyRecords; fixture: Fixture; containers: Containers }> {
  const records = new FlakyRecords();
  const fixture = new Fixture(records);
  return { records, fixture, containers: await fixture.open() };
}

async function create(containers: Containers, name: string, more = {}, image = "sleeper"): Promise<string> {
  return (await containers.create({ name, request: request(image, more) })).Id;
}

async function run(containers: Containers, name: string, more = {}, image = "sleeper"): Promise<string> {
  const id = await create(containers, name, more, image);
  await containers.start(id);
  return id;
}

const forced = { force: true, removeVolumes: false, removeLink: false };
const following = { stdout: true, stderr: true, follow: true, timestamps: false, details: false };
const listAll = { all: true, size: false, limit: 0, filters: new Map<string, string[]>() };
const always = { RestartPolicy: { Name: "always", MaximumRetryCount: 0 } };

async function text(frames: ReadableStream<LogFrame>): Promise<string> {
  let all = "";
  for await (const { bytes } of frames) all += new TextDecoder().decode(bytes);
  return all;
}

test("a start that cannot be recorded leaves nothing running in the guest", async () => {
  const { records, fixture, containers } = await engine();
  const id = await create(containers, "web");
  records.refuse(/"status":"running"/);
  await expect(containers.start(id)).rejects.toThrow("disk full");
  expect(fixture.runtime.specs).toHaveLength(1);
  expect(fixture.runtime.tasks.size).toBe(0);
  expect((await containers.inspect(id)).State).toMatchObject({ Status: "created", Running: false });
  records.heal();
  await containers.start(id);
  expect((await containers.inspect(id)).State.Status).toBe("running");
});

test("an end that cannot be recorded is told to who waits, who attaches and who reads the log", async () => {
  const { records, fixture, containers } = await engine();
  const id = await run(containers, "web");
  const { result } = await containers.wait(id, { condition: "not-running" });
  const { stdout } = await containers.attach(id, { ...following, stdin: false, logs: false, stream: true });
  const { frames } = await containers.logs(id, following);
  records.refuse(/"status":"exited"/);
  await containers.kill(id, "TERM");
  expect((await result).StatusCode).toBe(143);
  expect(await stdout?.getReader().read()).toMatchObject({ done: true });
  expect(await text(frames)).toBe("");
  expect((await containers.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 143 });
  await expect.poll(() => fixture.failures).toEqual([`recording the end of container ${id}: disk full`]);
});

test("a full disk keeps nothing from being killed, stopped, paused or let go on", async () => {
  const { records, fixture, containers } = await engine();
  const [killed, stopped, removed] = await Promise.all(["one", "two", "three"].map((name) => run(containers, name)));
  records.refuse(/./);
  await containers.kill(killed ?? "");
  await containers.pause(stopped ?? "");
  await containers.unpause(stopped ?? "");
  await containers.stop(stopped ?? "");
  await expect(containers.remove(removed ?? "", forced)).rejects.toThrow("disk full");
  expect(fixture.runtime.tasks.size).toBe(0);
  const states = await Promise.all([killed, stopped, removed].map((id) => containers.inspect(id ?? "")));
  expect(states.map(({ State }) => State.ExitCode)).toEqual([137, 143, 137]);
  records.heal();
  for (const id of [killed, stopped, removed]) await containers.remove(id ?? "", forced);
  expect(await records.list("containers/")).toEqual([]);
});

test("a --rm container whose record cannot be deleted can be removed later", async () => {
  const { records, containers } = await engine();
  const id = await run(containers, "web", { HostConfig: { AutoRemove: true } });
  const { result } = await containers.wait(id, { condition: "removed" });
  records.refuse(/^deleted$/);
  await containers.kill(id, "TERM");
  expect((await result).StatusCode).toBe(143);
  records.heal();
  await containers.remove(id, forced);
  expect(await containers.list(listAll)).toEqual([]);
});

test("a container that is removed twice at once does not come back", async () => {
  const { records, containers } = await engine();
  const id = await create(containers, "web");
  let proceed: () => void = () => undefined;
  const deleting = new Promise<void>((reached) => {
    records.before = (changes) => {
      if (changes[0]?.value !== undefined) return;
      reached();
      return new Promise<void>((resolve) => {
        proceed = resolve;
      });
    };
  });
  const first = containers.remove(id, forced);
  await deleting;
  const others = [
    containers.remove(id, forced),
    containers.rename(id, "other"),
    containers.update(id, { Memory: 7e6 }),
  ];
  const settled = Promise.allSettled(others);
  proceed();
  await first;
  const reasons = (await settled).map((each) => (each.status === "rejected" ? String(each.reason) : "done"));
  expect(reasons).toEqual([
    `Conflict: removal of container ${id} is already in progress`,
    `NotFound: No such container: ${id}`,
    `System: Cannot update container ${id}: container is marked for removal and cannot be "update"`,
  ]);
  expect(await records.list("containers/")).toEqual([]);
});

test("a rename that cannot be recorded leaves the former name, and the new one free", async () => {
  const { records, containers } = await engine();
  await create(containers, "web");
  records.refuse(/"name":"other"/);
  await expect(containers.rename("web", "other")).rejects.toThrow("disk full");
  records.heal();
  await create(containers, "other");
  expect((await containers.list(listAll)).map(({ Names }) => Names[0])).toEqual(["/other", "/web"]);
});

test("`logs --follow` of a --rm container ends with it, the last line told", async () => {
  const { containers } = await engine();
  const id = await run(containers, "web", { OpenStdin: true, HostConfig: { AutoRemove: true } }, "cat");
  const { frames } = await containers.logs(id, following);
  const followed = text(frames);
  const { stdin } = await containers.attach(id, { ...following, stdin: true, logs: false, stream: true });
  const writer = stdin?.getWriter();
  await writer?.write(new TextEncoder().encode("last words"));
  await containers.kill(id, "TERM");
  expect(await followed).toBe("last words");
});

test("a removed container leaves no log behind, and a start of the engine drops what a former one left", async () => {
  const { fixture, containers } = await engine();
  const writer = await fixture.files.create("logs/orphan");
  await writer.commit();
  const id = await run(containers, "web", { Cmd: ["echo", "hello"] }, "busybox");
  await containers.remove(id, forced);
  await containers.close();
  expect((await fixture.files.list("logs/")).map(({ name }) => name)).toEqual(["logs/orphan"]);
  await fixture.open();
  expect(await fixture.files.list("logs/")).toEqual([]);
});

test("close() has the logs kept", async () => {
  const { fixture, containers } = await engine();
  const id = await run(containers, "web");
  await containers.close();
  expect((await fixture.files.list("logs/")).map(({ name }) => name)).toEqual([`logs/${id}`]);
});

test("a restart that cannot start ends the wait for the container", async () => {
  const { fixture, containers } = await engine();
  const id = await run(containers, "flaky", { Cmd: ["false"], HostConfig: always }, "busybox");
  await expect.poll(() => fixture.clock.sleeping).toEqual([100]);
  const { result } = await containers.wait(id, { condition: "not-running" });
  fixture.noGuest = new Error("out of memory");
  fixture.clock.advance();
  expect((await result).StatusCode).toBe(1);
  expect((await containers.inspect(id)).State).toMatchObject({ Status: "exited", Restarting: false });
});

test("a guest that is lost in the pause before a restart ends the container as one that ran in it", async () => {
  const { fixture, containers } = await engine();
  const id = await run(containers, "flaky", { Cmd: ["false"], HostConfig: always }, "busybox");
  await expect.poll(() => fixture.clock.sleeping).toEqual([100]);
  const { result } = await containers.wait(id, { condition: "not-running" });
  fixture.loseGuest();
  expect(await result).toEqual({ StatusCode: 255, Error: { Message: lostLayer } });
  expect((await containers.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 255, Error: lostLayer });
  expect(fixture.clock.sleeping).toEqual([]);
});

test("a full disk keeps nobody from being told that a container's layer was lost with the guest", async () => {
  const { records, fixture, containers } = await engine();
  const id = await run(containers, "web", { Cmd: ["true"] }, "busybox");
  await expect.poll(async () => (await containers.inspect(id)).State.Status).toBe("exited");
  records.refuse(/./);
  fixture.loseGuest();
  await expect.poll(() => fixture.failures).toEqual([`recording the state of container ${id}: disk full`]);
  expect((await containers.inspect(id)).State).toMatchObject({ Status: "exited", Error: lostLayer });
});

test("a restart that can neither start nor be recorded ends the wait, and is reported", async () => {
  const { records, fixture, containers } = await engine();
  const id = await run(containers, "flaky", { Cmd: ["false"], HostConfig: always }, "busybox");
  await expect.poll(() => fixture.clock.sleeping).toEqual([100]);
  const { result } = await containers.wait(id, { condition: "not-running" });
  fixture.noGuest = new Error("out of memory");
  records.refuse(/./);
  fixture.clock.advance();
  expect((await result).StatusCode).toBe(1);
  expect(fixture.failures).toContain(`recording the state of container ${id}: disk full`);
  expect((await containers.inspect(id)).State).toMatchObject({ Status: "exited", Restarting: false });
});

test("an anonymous volume that cannot be removed is reported, and keeps nothing else from going", async () => {
  const { fixture, containers } = await engine();
  const id = await create(containers, "web", { Volumes: { "/data": {} } });
  fixture.volumes.removeUnused = async () => {
    throw new Error("disk full");
  };
  await containers.remove(id, { ...forced, removeVolumes: true });
  expect(await containers.list(listAll)).toEqual([]);
  expect(fixture.failures).toEqual(["removing volume anonymous1: disk full"]);
});

test("close() reports a container that it could not end", async () => {
  const { fixture, containers } = await engine();
  const id = await run(containers, "web");
  const task = fixture.runtime.tasks.get(id);
  if (!task) throw new Error("it does not run");
  task.kill = async () => {
    throw new Error("the guest does not answer");
  };
  await containers.close();
  expect(fixture.failures).toEqual([`ending container ${id}: the guest does not answer`]);
});

test("stop() of a paused container lets it go on, to hear the signal", async () => {
  const { fixture, containers } = await engine();
  const id = await run(containers, "web");
  const task = fixture.runtime.tasks.get(id);
  await containers.pause(id);
  await containers.stop(id);
  expect(task?.paused).toBe(false);
  expect((await containers.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 143 });
  expect(await fixture.published("signal")).toEqual([
    "create",
    "start",
    "pause",
    "kill signal=15",
    "unpause",
    "die",
    "stop",
  ]);
});

test("a log that cannot be read keeps the container from being started", async () => {
  const { fixture, containers } = await engine();
  const id = await create(containers, "web");
  fixture.files.open = async () => {
    throw new Error("bad sector");
  };
  await expect(containers.start(id)).rejects.toThrow("bad sector");
  expect(fixture.runtime.specs).toEqual([]);
  expect((await containers.inspect(id)).State).toMatchObject({ Status: "created", Running: false });
});
