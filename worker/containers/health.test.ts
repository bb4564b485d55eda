import { expect, test } from "vitest";
import type { Process } from "../runtime/runtime.ts";
import { Fixture, request } from "./test-engine.ts";

async function probed(Test: readonly string[], more = {}) {
  const fixture = new Fixture();
  const containers = await fixture.open();
  const Healthcheck = { Test: [...Test], Interval: 1e9, Timeout: 3e9 };
  const { Id } = await containers.create({ name: "web", request: request("sleeper", { Healthcheck, ...more }) });
  await containers.start(Id);
  const health = async () => (await containers.inspect(Id)).State.Health;
  const sleepsOf = (milliseconds: number) => expect.poll(() => fixture.clock.sleeping).toContain(milliseconds);
  const task = fixture.runtime.tasks.get(Id);
  if (!task) throw new Error("it does not run");
  return { fixture, containers, health, sleepsOf, task };
}

test("a probe whose output is held open by what it left behind counts, and others follow it", async () => {
  const { fixture, health, sleepsOf } = await probed(["CMD", "holder"]);
  for (const results of [1, 2]) {
    await sleepsOf(1000);
    fixture.clock.advance();
    await sleepsOf(2000);
    fixture.clock.advance();
    await expect.poll(async () => (await health())?.Log).toHaveLength(results);
  }
  expect(await health()).toMatchObject({ Status: "healthy", FailingStreak: 0 });
});

test("a probe that outlives its time and does not die is given up, and others follow it", async () => {
  const { fixture, health, sleepsOf, task } = await probed(["CMD", "sleep"]);
  const stdout = new ReadableStream<Uint8Array>();
  const immortal: Process = {
    ...{ pid: 7, stdout, exited: new Promise(() => undefined) },
    kill: async () => undefined,
    resize: async () => undefined,
  };
  task.exec = async () => immortal;
  await sleepsOf(1000);
  fixture.clock.advance();
  await sleepsOf(3000);
  fixture.clock.advance();
  await sleepsOf(2000);
  fixture.clock.advance();
  await expect.poll(async () => (await health())?.FailingStreak).toBe(1);
  expect((await health())?.Log?.[0]).toMatchObject({ ExitCode: -1, Output: "Health check exceeded timeout (3s)" });
  await sleepsOf(1000);
});

test("a guest that dies during a probe takes nothing else along", async () => {
  const { fixture, containers, sleepsOf, task } = await probed(["CMD", "sleep"]);
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  let die: () => void = () => undefined;
  const died = new Promise<never>((_resolve, reject) => {
    die = () => reject(new Error("the guest is gone"));
  });
  died.catch(() => undefined);
  const stdout = new ReadableStream<Uint8Array>({ pull: () => died });
  task.exec = async () => ({ pid: 7, stdout, exited: died, kill: () => died, resize: () => died });
  await sleepsOf(1000);
  fixture.clock.advance();
  await sleepsOf(3000);
  const { result } = await containers.wait("web", { condition: "not-running" });
  die();
  fixture.loseGuest();
  expect((await result).StatusCode).toBe(255);
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

test("a probe is under the limits of its container", async () => {
  const HostConfig = { Ulimits: [{ Name: "nofile", Soft: 10, Hard: 20 }], SecurityOpt: ["no-new-privileges"] };
  const { fixture, health, sleepsOf, task } = await probed(["CMD", "true"], { HostConfig });
  await sleepsOf(1000);
  fixture.clock.advance();
  await expect.poll(async () => (await health())?.Status).toBe("healthy");
  expect(task.execs[0]).toMatchObject({
    rlimits: [{ type: "RLIMIT_NOFILE", soft: 10, hard: 20 }],
    noNewPrivileges: true,
  });
});

test("a probe is told of as an exec is, and a command line is the container's own shell's", async () => {
  const { fixture, health, sleepsOf, task } = await probed(["CMD-SHELL", "true"], { Shell: ["false", "-c"] });
  await sleepsOf(1000);
  fixture.clock.advance();
  await expect.poll(async () => (await health())?.FailingStreak).toBe(1);
  expect(task.execs[0]?.args).toEqual(["false", "-c", "true"]);
  expect((await fixture.published("exitCode")).slice(2)).toEqual([
    "exec_create: false -c true",
    "exec_start: false -c true",
    "exec_die exitCode=1",
  ]);
});
