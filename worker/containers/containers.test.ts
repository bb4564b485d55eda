import { expect, test } from "vitest";
import type { Containers } from "./containers.ts";
import { Fixture, request } from "./test-engine.ts";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function engine(): Promise<{ fixture: Fixture; containers: Containers }> {
  const fixture = new Fixture();
  return { fixture, containers: await fixture.open() };
}

async function text(stream: ReadableStream<Uint8Array> | undefined): Promise<string> {
  let all = "";
  for await (const bytes of stream ?? []) all += decode(bytes);
  return all;
}

const everything = { stdin: true, stdout: true, stderr: true, logs: false, stream: true };
const allLogs = { stdout: true, stderr: true, follow: false, timestamps: false, details: false };
const listAll = { all: true, size: false, limit: 0, filters: new Map<string, string[]>() };
const forced = { force: true, removeVolumes: false, removeLink: false };
const gently = { force: false, removeVolumes: false, removeLink: false };

async function run(containers: Containers, name: string, image = "sleeper", more = {}): Promise<string> {
  const { Id } = await containers.create({ name, request: request(image, more) });
  await containers.start(Id);
  return Id;
}

async function finished(containers: Containers, id: string): Promise<number> {
  const { result } = await containers.wait(id, { condition: "not-running" });
  return (await result).StatusCode;
}

test("a container runs through created, running and exited", async () => {
  const { fixture, containers } = await engine();
  const { Id } = await containers.create({ name: "web", request: request("busybox", { Cmd: ["exit", "3"] }) });
  expect((await containers.inspect("web")).State).toMatchObject({ Status: "created", Running: false, ExitCode: 0 });
  const { result } = await containers.wait("web", { condition: "next-exit" });
  await containers.start(Id);
  expect(await result).toEqual({ StatusCode: 3 });
  expect((await containers.inspect(Id.slice(0, 12))).State).toMatchObject({ Status: "exited", ExitCode: 3, Error: "" });
  expect(await fixture.published("exitCode")).toEqual(["create", "start", "die exitCode=3"]);
});

test("start() gives the process its user, environment, folder and seccomp filter", async () => {
  const { fixture, containers } = await engine();
  const more = { Cmd: ["true"], User: "alice", Env: ["X=1"], WorkingDir: "/tmp", HostConfig: { GroupAdd: ["staff"] } };
  await finished(containers, await run(containers, "web", "busybox", more));
  const [spec] = fixture.runtime.specs;
  expect(spec?.process).toMatchObject({ user: { uid: 1000, gid: 1000, additionalGids: [1000, 50] }, cwd: "/tmp" });
  expect(spec?.process.env).toContain("HOME=/home/alice");
  expect(spec?.annotations?.["run.oci.seccomp_bpf_data"]).toMatch(/^[A-Za-z0-9+/]+=*$/);
});

test("start() makes the rules of a seccomp profile by the release of the guest's kernel", async () => {
  const { fixture, containers } = await engine();
  const rule = { names: ["mkdir"], action: "SCMP_ACT_ERRNO", includes: { minKernel: "6.13" } };
  const profile = JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] });
  const more = { Cmd: ["true"], HostConfig: { SecurityOpt: [`seccomp=${profile}`] } };
  for (const release of ["6.12.38-wherry", "6.13.0", "7.0.1"]) {
    fixture.info.kernel = release;
    await finished(containers, await run(containers, `on-${release}`, "busybox", more));
  }
  const [older, newer, newest] = fixture.runtime.specs.map(
    ({ annotations }) => annotations?.["run.oci.seccomp_bpf_data"],
  );
  expect(newer?.length).toBeGreaterThan(older?.length ?? 0);
  expect(newest).toBe(newer);
});

test("start() refuses a second time, and says why a program cannot run", async () => {
  const { containers } = await engine();
  await run(containers, "web");
  await expect(containers.start("web")).rejects.toMatchObject({ name: "NotModified" });
  const { Id } = await containers.create({ name: "bad", request: request("busybox", { Cmd: ["nope"] }) });
  await expect(containers.start(Id)).rejects.toMatchObject({
    name: "InvalidParameter",
    message: 'failed to create task for container: exec: "nope": executable file not found in $PATH',
  });
  expect((await containers.inspect("bad")).State).toMatchObject({ Status: "created", ExitCode: 127, Running: false });
});

test("start() of a container with --rm that cannot run removes it", async () => {
  const { fixture, containers } = await engine();
  const more = { Cmd: ["nope"], HostConfig: { AutoRemove: true } };
  const { Id } = await containers.create({ request: request("busybox", more) });
  const { result } = await containers.wait(Id, { condition: "removed" });
  await expect(containers.start(Id)).rejects.toThrow("not found in $PATH");
  expect(await result).toEqual({ StatusCode: 127 });
  expect(fixture.snapshots.keys.size).toBe(0);
});

test("attach() before the start hears the first byte, and stdin ends with the client's", async () => {
  const { containers } = await engine();
  const more = { OpenStdin: true, StdinOnce: true };
  const { Id } = await containers.create({ request: request("cat", more) });
  const streams = await containers.attach(Id, everything);
  const heard = text(streams.stdout);
  const stdin = streams.stdin?.getWriter();
  const written = stdin?.write(new TextEncoder().encode("hello")).then(() => stdin.close());
  await containers.start(Id);
  await written;
  expect(await heard).toBe("hello");
  expect(await finished(containers, Id)).toBe(0);
});

test.each([
  ["stays open for others", { OpenStdin: true }],
  ["is a terminal", { OpenStdin: true, StdinOnce: true, Tty: true }],
])("attach() is over with the client's stdin where that %s, and the container runs on", async (_, more) => {
  const { containers } = await engine();
  const id = await run(containers, "shell", "cat", more);
  const streams = await containers.attach(id, everything);
  const heard = text(streams.stdout);
  await streams.stdin?.getWriter().close();
  expect(await heard).toBe("");
  expect((await containers.inspect(id)).State.Running).toBe(true);
});

test("what a container leaves unread when it ends is kept for a client that reads later", async () => {
  const { containers } = await engine();
  const { Id } = await containers.create({ name: "web", request: request("busybox", { Cmd: ["flood", "40"] }) });
  const { stdout } = await containers.attach(Id, everything);
  await containers.start(Id);
  expect(await finished(containers, Id)).toBe(0);
  let length = 0;
  for await (const bytes of stdout ?? []) length += bytes.length;
  expect(length).toBe(40 * 65_536);
});

test("attach() lets go at the detach keys, and the container runs on", async () => {
  const { fixture, containers } = await engine();
  const id = await run(containers, "shell", "cat", { OpenStdin: true, Tty: true });
  const streams = await containers.attach(id, everything);
  const heard = text(streams.stdout);
  const stdin = streams.stdin?.getWriter();
  for (const piece of ["ab\x10", "c", "\x10", "\x11ignored"]) await stdin?.write(new TextEncoder().encode(piece));
  expect(await heard).toBe("ab\x10c");
  expect((await containers.inspect(id)).State.Running).toBe(true);
  expect(await fixture.published()).toContain("detach");
});

test("who has read the output to its end finds the exit code recorded", async () => {
  const { containers } = await engine();
  const { Id } = await containers.create({ request: request("busybox", { Cmd: ["exit", "9"] }) });
  const streams = await containers.attach(Id, everything);
  await containers.start(Id);
  await text(streams.stdout);
  expect((await containers.inspect(Id)).State).toMatchObject({ Status: "exited", ExitCode: 9 });
});

test("logs() answers what was written, also after the end", async () => {
  const { containers } = await engine();
  const id = await run(containers, "talker", "busybox", { Cmd: ["echo", "logged"] });
  await finished(containers, id);
  const { frames, tty } = await containers.logs(id, allLogs);
  const seen: string[] = [];
  for await (const frame of frames) seen.push(`${frame.stream}: ${decode(frame.bytes)}`);
  expect([tty, seen]).toEqual([false, ["stdout: logged\n"]]);
});

test("stop() asks first and kills when the time is over", async () => {
  const { fixture, containers } = await engine();
  await run(containers, "good");
  await containers.stop("good");
  expect((await containers.inspect("good")).State).toMatchObject({ Status: "exited", ExitCode: 143 });
  await expect(containers.stop("good")).rejects.toMatchObject({ name: "NotModified" });
  await run(containers, "bad", "busybox", { Cmd: ["stubborn"] });
  const stopped = containers.stop("bad", { timeout: 5 });
  await expect.poll(() => fixture.clock.sleeping).toContain(5000);
  fixture.clock.advance();
  await stopped;
  expect((await containers.inspect("bad")).State.ExitCode).toBe(137);
});

test("kill() refuses what does not run and signals that are none", async () => {
  const { containers } = await engine();
  const id = await run(containers, "web");
  await expect(containers.kill("web", "FOO")).rejects.toThrow("cannot kill container: web: invalid signal: FOO");
  await containers.kill("web", "SIGHUP");
  expect(await finished(containers, "web")).toBe(129);
  await expect(containers.kill("web")).rejects.toThrow(`cannot kill container: web: container ${id} is not running`);
});

test("pause() and unpause()", async () => {
  const { fixture, containers } = await engine();
  const id = await run(containers, "web");
  await expect(containers.unpause("web")).rejects.toThrow(`Container ${id} is not paused`);
  await containers.pause("web");
  expect(fixture.runtime.tasks.get(id)?.paused).toBe(true);
  expect((await containers.inspect("web")).State).toMatchObject({ Status: "paused", Running: true, Paused: true });
  await expect(containers.pause("web")).rejects.toThrow(`Container ${id} is already paused`);
  await expect(containers.start("web")).rejects.toThrow("cannot start a paused container, try unpause instead");
  await expect(containers.execs.create("web", { Cmd: ["true"] })).rejects.toThrow(
    "Container web is paused, unpause the container before exec",
  );
  await containers.unpause("web");
  expect((await containers.inspect("web")).State.Status).toBe("running");
});

test("rename() moves the name", async () => {
  const { containers } = await engine();
  const { Id } = await containers.create({ name: "one", request: request("busybox") });
  await containers.create({ name: "two", request: request("busybox") });
  await expect(containers.rename("one", "two")).rejects.toThrow(/^Error when allocating new name: Conflict\. The/);
  await expect(containers.rename("one", "one")).rejects.toThrow(
    "Renaming a container with the same name as its current name",
  );
  await containers.rename("one", "three");
  expect((await containers.inspect("three")).Id).toBe(Id);
  await expect(containers.inspect("one")).rejects.toThrow("No such container: one");
  await containers.create({ name: "one", request: request("busybox") });
});

test("remove() refuses what runs unless forced, and frees everything", async () => {
  const { fixture, containers } = await engine();
  const id = await run(containers, "web", "sleeper", { Volumes: { "/data": {} } });
  await expect(containers.remove("web", gently)).rejects.toThrow(
    'cannot remove container "web": container is running: stop the container before removing or force remove',
  );
  const { result } = await containers.wait("web", { condition: "removed" });
  await containers.remove("web", { ...forced, removeVolumes: true });
  expect((await result).StatusCode).toBe(137);
  await expect(containers.inspect(id)).rejects.toMatchObject({ name: "NotFound" });
  expect([fixture.snapshots.keys.size, fixture.volumes.users.size]).toEqual([0, 0]);
  expect(fixture.collected).toEqual(["sha256:1"]);
});

test("--rm takes the container away at its end, and who waits for that learns the exit code", async () => {
  const { fixture, containers } = await engine();
  const more = { Cmd: ["exit", "4"], HostConfig: { AutoRemove: true } };
  const { Id } = await containers.create({ request: request("busybox", more) });
  const { result } = await containers.wait(Id, { condition: "removed" });
  await containers.start(Id);
  expect((await result).StatusCode).toBe(4);
  expect(await containers.list(listAll)).toEqual([]);
  expect(await fixture.records.list("containers/")).toEqual([]);
  expect(await fixture.published()).toEqual(["create", "start", "die", "destroy"]);
});

test("restart() keeps a container that was made with --rm", async () => {
  const { containers } = await engine();
  const id = await run(containers, "web", "sleeper", { HostConfig: { AutoRemove: true } });
  await containers.restart("web");
  expect(await containers.inspect("web")).toMatchObject({ Id: id, State: { Status: "running" } });
  const { result } = await containers.wait("web", { condition: "removed" });
  await containers.stop("web");
  expect((await result).StatusCode).toBe(143);
});

test("an OOM kill is told", async () => {
  const { fixture, containers } = await engine();
  const id = await run(containers, "greedy", "busybox", { Cmd: ["oom"] });
  expect(await finished(containers, id)).toBe(137);
  expect((await containers.inspect(id)).State.OOMKilled).toBe(true);
  expect(await fixture.published()).toContain("oom");
});

test("a restart policy starts it again, after longer and longer pauses, until the user stops it", async () => {
  const { fixture, containers } = await engine();
  const more = { Cmd: ["false"], HostConfig: { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } } };
  const id = await run(containers, "flaky", "busybox", more);
  const { result } = await containers.wait(id, { condition: "not-running" });
  await expect.poll(() => fixture.clock.sleeping).toEqual([100]);
  expect((await containers.inspect(id)).State).toMatchObject({ Status: "restarting", Running: true, Restarting: true });
  // As Docker: each end of a run is told to those who wait, also one after which it is started again.
  expect((await result).StatusCode).toBe(1);
  await expect(containers.pause(id)).rejects.toThrow(
    `Container ${id} is restarting, wait until the container is running`,
  );
  fixture.clock.advance();
  await expect.poll(() => fixture.clock.sleeping).toEqual([200]);
  fixture.clock.advance();
  await expect
    .poll(() => containers.inspect(id))
    .toMatchObject({ RestartCount: 2, State: { Status: "exited", ExitCode: 1 } });
});

test("stop() ends a container that is about to be restarted", async () => {
  const { fixture, containers } = await engine();
  const more = { Cmd: ["false"], HostConfig: { RestartPolicy: { Name: "always", MaximumRetryCount: 0 } } };
  const id = await run(containers, "flaky", "busybox", more);
  await expect.poll(() => fixture.clock.sleeping).toEqual([100]);
  await containers.stop(id);
  expect((await containers.inspect(id)).State.Status).toBe("exited");
  expect(fixture.clock.sleeping).toEqual([]);
});

test("a lost guest ends what ran, with a word about its writable layer; it can be removed, not started", async () => {
  const { fixture, containers } = await engine();
  const id = await run(containers, "web");
  await containers.create({ name: "fresh", request: request("busybox") });
  const { result } = await containers.wait(id, { condition: "not-running" });
  fixture.loseGuest();
  expect((await result).StatusCode).toBe(255);
  const { State } = await containers.inspect("web");
  expect(State).toMatchObject({ Status: "exited", ExitCode: 255 });
  expect(State.Error).toContain("writable layer was lost");
  await expect(containers.start("web")).rejects.toThrow(State.Error);
  await containers.remove("web", gently);
  await containers.start("fresh");
  expect(await finished(containers, "fresh")).toBe(0);
});

test("open() settles what an engine that died had running", async () => {
  const { fixture, containers } = await engine();
  await run(containers, "web", "sleeper", { HostConfig: { Binds: ["data:/data"] } });
  await run(containers, "gone", "sleeper", { HostConfig: { AutoRemove: true } });
  await containers.create({ name: "fresh", request: request("busybox") });
  const successor = new Fixture(fixture.records);
  const after = await successor.open();
  expect((await after.list(listAll)).map(({ Names, State }) => [Names[0], State])).toEqual([
    ["/fresh", "created"],
    ["/web", "exited"],
  ]);
  await expect(after.start("web")).rejects.toThrow("writable layer was lost");
  expect([...successor.volumes.users.keys()]).toEqual(["data"]);
  await after.start("fresh");
  await expect(after.create({ name: "web", request: request("busybox") })).rejects.toMatchObject({ name: "Conflict" });
});

test("references: an ambiguous prefix is refused, an unknown one is not found", async () => {
  const { containers } = await engine();
  const ids = await Promise.all(
    Array.from({ length: 17 }, () => containers.create({ request: request("busybox") }).then(({ Id }) => Id)),
  );
  const first = ids.map((id) => id.slice(0, 1)).find((digit, index, all) => all.indexOf(digit) !== index) ?? "";
  await expect(containers.inspect(first)).rejects.toThrow(`multiple IDs found with provided prefix: ${first}`);
  await expect(containers.inspect("zzz")).rejects.toThrow("No such container: zzz");
});

test("stats() refuses one sample of a stream, of a container that is there", async () => {
  const { containers } = await engine();
  const id = await run(containers, "web");
  const options = { stream: true, oneShot: true };
  await expect(containers.stats(id, options)).rejects.toThrow("cannot have stream=true and one-shot=true");
  await expect(containers.stats("nope", options)).rejects.toThrow("No such container: nope");
});

test("update() changes limits of a running container and keeps what it was not told", async () => {
  const { fixture, containers } = await engine();
  const id = await run(containers, "web", "sleeper", { HostConfig: { Memory: 64 << 20 } });
  await containers.update(id, { NanoCpus: 5e8, Memory: 0 });
  expect(fixture.runtime.tasks.get(id)?.updates).toEqual([
    { memory: { limit: 64 << 20, swap: 128 << 20 }, cpu: { period: 100_000, quota: 50_000 } },
  ]);
  expect((await containers.inspect(id)).HostConfig).toMatchObject({ Memory: 64 << 20, NanoCpus: 5e8 });
  await expect(containers.update(id, { Memory: 1 << 20 })).rejects.toThrow("Minimum memory limit allowed is 6MB");
  // Docker looks at the values before it looks for the container.
  await expect(containers.update("nope", { Memory: 1 << 20 })).rejects.toThrow("Minimum memory limit allowed is 6MB");
  await expect(containers.update("nope", {})).rejects.toThrow("No such container: nope");
  await containers.update(id, { PidsLimit: 5 });
  await containers.update(id, { PidsLimit: -1 });
  expect(fixture.runtime.tasks.get(id)?.updates.slice(-2)).toMatchObject([
    { pids: { limit: 5 } },
    { pids: { limit: -1 } },
  ]);
  expect((await containers.inspect(id)).HostConfig.PidsLimit).toBe(0);
  const once = await run(containers, "once", "sleeper", { HostConfig: { AutoRemove: true } });
  await expect(containers.update(once, { MemorySwap: 20 << 20 })).rejects.toThrow(
    `Cannot update container ${once}: unable to set swap limit without memory limit`,
  );
  await expect(containers.update(once, { RestartPolicy: { Name: "always", MaximumRetryCount: 0 } })).rejects.toThrow(
    `Cannot update container ${once}: Restart policy cannot be updated because AutoRemove is enabled for the container`,
  );
  await expect(containers.update(id, { Memory: 200 << 20 })).rejects.toThrow(
    `Cannot update container ${id}: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time`,
  );
});

test("stats() samples a running container, and has nothing to say of one that is not", async () => {
  const { containers } = await engine();
  const id = await run(containers, "web");
  const sample = async (name: string) => {
    const reader = (await containers.stats(name, { stream: false, oneShot: true })).getReader();
    return (await reader.read()).value;
  };
  expect(await sample(id)).toMatchObject({
    name: "/web",
    cpu_stats: { cpu_usage: { total_usage: 5e6 }, online_cpus: 1 },
    memory_stats: { usage: 4096, limit: 256 << 20 },
  });
  await containers.kill(id);
  expect(await sample(id)).toMatchObject({ memory_stats: {}, pids_stats: {} });
});

test("prune() takes stopped containers with the labels", async () => {
  const { containers } = await engine();
  await run(containers, "running");
  const { Id } = await containers.create({ request: request("busybox", { Labels: { old: "yes" } }) });
  await containers.create({ name: "kept", request: request("busybox") });
  const report = await containers.prune({ filters: new Map([["label", ["old"]]]) });
  expect(report.ContainersDeleted).toEqual([Id]);
  await expect(containers.prune({ filters: new Map([["foo", ["bar"]]]) })).rejects.toThrow("invalid filter 'foo'");
});
