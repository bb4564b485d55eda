import { expect, test } from "vitest";
import { GuestError } from "../shim/guest.ts";
import type { Containers } from "./containers.ts";
import { Fixture, request } from "./test-engine.ts";

async function running(): Promise<{ fixture: Fixture; containers: Containers; id: string }> {
  const fixture = new Fixture();
  const containers = await fixture.open();
  const { Id: id } = await containers.create({
    name: "web",
    request: request("sleeper", { Env: ["A=1"], WorkingDir: "/srv" }),
  });
  await containers.start(id);
  return { fixture, containers, id };
}

async function text(stream: ReadableStream<Uint8Array> | undefined): Promise<string> {
  let all = "";
  for await (const bytes of stream ?? []) all += new TextDecoder().decode(bytes);
  return all;
}

test("an exec runs with its own environment, user and folder, and its exit code can be asked for", async () => {
  const { fixture, containers, id } = await running();
  const { execs } = containers;
  const exec = await execs.create("web", {
    Cmd: ["echo", "hi"],
    AttachStdout: true,
    Env: ["A=2", "B=3"],
    User: "alice",
    WorkingDir: "/tmp",
  });
  const { stdout, tty } = await execs.start(exec, { tty: false });
  expect([tty, await text(stdout)]).toEqual([false, "hi\n"]);
  expect(await execs.inspect(exec)).toMatchObject({
    ExitCode: 0,
    ContainerID: id,
    ProcessConfig: { entrypoint: "echo", arguments: ["hi"], user: "alice" },
  });
  const [spec] = fixture.runtime.tasks.get(id)?.execs ?? [];
  expect(spec).toMatchObject({ cwd: "/tmp", user: { uid: 1000 } });
  expect(spec?.env).toEqual(expect.arrayContaining(["A=2", "B=3", "HOME=/home/alice"]));
  expect(await fixture.published()).toEqual(
    expect.arrayContaining(["exec_create: echo hi", "exec_start: echo hi", "exec_die"]),
  );
});

test("why an exec cannot run comes on its stdout, and its exit code is the shell's", async () => {
  const { containers } = await running();
  const exec = await containers.execs.create("web", { Cmd: ["nope"], AttachStdout: true });
  const { stdout } = await containers.execs.start(exec, { tty: false });
  expect(await text(stdout)).toBe(
    'OCI runtime exec failed: exec failed: exec: "nope": executable file not found in $PATH\r\n',
  );
  expect((await containers.execs.inspect(exec)).ExitCode).toBe(127);
  const again = await containers.execs.start(exec, { tty: false });
  expect(await text(again.stdout)).toBe(`exec command ${exec} has already run\r\n`);
  await expect(containers.execs.startDetached(exec, { tty: false })).rejects.toThrow("has already run");
});

test("an unknown user is refused before anything runs", async () => {
  const { containers } = await running();
  await expect(containers.execs.create("web", { Cmd: ["true"], User: "foo" })).rejects.toThrow(
    "unable to find user foo: no matching entries in passwd file",
  );
});

test("stdin reaches the exec, and closing it ends what reads it", async () => {
  const { containers } = await running();
  const exec = await containers.execs.create("web", { Cmd: ["cat"], AttachStdin: true, AttachStdout: true });
  const { stdin, stdout } = await containers.execs.start(exec, { tty: false });
  const heard = text(stdout);
  const writer = stdin?.getWriter();
  await writer?.write(new TextEncoder().encode("through"));
  await writer?.close();
  expect(await heard).toBe("through");
});

test("a client that leaves does not end the exec", async () => {
  const { containers } = await running();
  const client = new AbortController();
  const exec = await containers.execs.create("web", { Cmd: ["cat"], AttachStdin: true, AttachStdout: true });
  const { stdout } = await containers.execs.start(exec, { tty: false, signal: client.signal });
  const heard = text(stdout);
  client.abort();
  expect(await heard).toBe("");
  expect((await containers.execs.inspect(exec)).Running).toBe(true);
});

test("what a process leaves unread when it ends is kept for a client that reads later", async () => {
  const { fixture, containers } = await running();
  const exec = await containers.execs.create("web", { Cmd: ["flood", "40"], AttachStdout: true });
  const { stdout } = await containers.execs.start(exec, { tty: false });
  await expect.poll(async () => (await containers.execs.inspect(exec)).ExitCode).toBe(0);
  await expect.poll(() => fixture.clock.sleeping).not.toContain(2000);
  fixture.clock.advance();
  expect((await text(stdout)).length).toBe(40 * 65_536);
});

test("output that something holds open is over two seconds after the process", async () => {
  const { fixture, containers } = await running();
  const exec = await containers.execs.create("web", { Cmd: ["holder"], AttachStdout: true });
  const { stdout } = await containers.execs.start(exec, { tty: false });
  const heard = text(stdout);
  await expect.poll(() => fixture.clock.sleeping).toContain(2000);
  fixture.clock.advance();
  expect(await heard).toBe("");
  expect((await containers.execs.inspect(exec)).ExitCode).toBe(0);
});

test("an exec whose container ends before it runs is told that, and not what came of it", async () => {
  const { fixture, containers, id } = await running();
  const exec = await containers.execs.create("web", { Cmd: ["true"], AttachStdout: true });
  const task = fixture.runtime.tasks.get(id);
  if (!task) throw new Error("no task");
  task.exec = async () => {
    task.main.end(0);
    await task.exited;
    throw new GuestError(2, "ENOENT", "write exec.json");
  };
  const { stdout } = await containers.execs.start(exec, { tty: false });
  expect(await text(stdout)).toBe(`container ${id} is not running\r\n`);
});

test("the streams of an exec are there before it runs", async () => {
  const { fixture, containers, id } = await running();
  const exec = await containers.execs.create("web", { Cmd: ["cat"], AttachStdin: true, AttachStdout: true });
  const task = fixture.runtime.tasks.get(id);
  if (!task) throw new Error("no task");
  const run = task.exec.bind(task);
  let begin: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    begin = resolve;
  });
  task.exec = async (...args) => {
    await ready;
    return run(...args);
  };
  const { stdin, stdout } = await containers.execs.start(exec, { tty: false });
  const writer = stdin?.getWriter();
  const written = writer?.write(new TextEncoder().encode("early"));
  begin();
  await written;
  await writer?.close();
  expect(await text(stdout)).toBe("early");
});

test("create() needs a running container and a command", async () => {
  const { containers, id } = await running();
  await expect(containers.execs.create("web", { Cmd: [] })).rejects.toThrow("No exec command specified");
  await expect(containers.execs.inspect("nope")).rejects.toThrow("No such exec instance: nope");
  await containers.kill("web");
  await expect(containers.execs.create("web", { Cmd: ["true"] })).rejects.toThrow(`container ${id} is not running`);
});

test("create() has its own word for detach keys that are none", async () => {
  const fixture = new Fixture();
  const containers = await fixture.open();
  const { Id } = await containers.create({ request: request("sleeper") });
  await containers.start(Id);
  const exec = containers.execs.create(Id, { Cmd: ["true"], DetachKeys: "bogus" });
  await expect(exec).rejects.toThrow("Invalid escape keys (bogus) provided");
});
