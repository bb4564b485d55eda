import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PtySession } from "../support/pty.ts";
import { run } from "../support/run.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));

/** Where the package is installed, and all that its programs leave. */
let folder: string;
let wherry: string;
/** A PATH with Node and nothing else. */
let env: NodeJS.ProcessEnv;
const command = (...argv: readonly string[]) => run(wherry, argv, { env });
/** For engines that are to end by themselves; the others must not, however slow the machine is. */
const impatient = (...argv: readonly string[]) => run(wherry, argv, { env: { ...env, WHERRY_IDLE_TIME: "4s" } });
const dataRoot = () => join(folder, "data", "wherry");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wherry-package-"));
  const clone = { env: { ...process.env, INIT_CWD: undefined }, cwd: top, timeout: 600_000 };
  const packed = await run("npm", ["pack", "--pack-destination", folder], clone);
  expect(packed.code, packed.stderr).toBe(0);
  const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz")) ?? "";
  const home = join(folder, "installed");
  await mkdir(home);
  const npm = ["install", "--offline", "--no-audit", "--no-fund", "--cache", join(folder, "cache")];
  const installed = await run("npm", [...npm, join("..", tarball)], { env: process.env, cwd: home, timeout: 120_000 });
  expect(installed.code, installed.stderr).toBe(0);
  wherry = join(home, "node_modules", ".bin", "wherry");
  await mkdir(join(folder, "bin"));
  await symlink(process.execPath, join(folder, "bin", "node"));
  env = {
    PATH: join(folder, "bin"),
    HOME: folder,
    XDG_DATA_HOME: join(folder, "data"),
    WHERRY_IDLE_TIME: "10m",
  };
}, 900_000);

afterAll(async () => {
  await ended(await enginePid());
  await rm(folder, { recursive: true, force: true });
}, 60_000);

async function enginePid(): Promise<number> {
  return Number(await readFile(join(dataRoot(), "wherry.pid"), "utf8").catch(() => "0"));
}

/** Kills what is there, and waits until it is gone. */
async function ended(pid: number, signal: NodeJS.Signals | 0 = "SIGKILL"): Promise<void> {
  try {
    for (;;) {
      process.kill(pid || Number.NaN, signal);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } catch {
    // No such process.
  }
}

it("brings no other package, and says what of others' work it carries", async () => {
  const modules = join(folder, "installed", "node_modules");
  const others = (await readdir(modules)).filter((name) => !name.startsWith("."));
  expect(others).toEqual(["wherry"]);
  const text = await readFile(join(modules, "wherry", "dist", "THIRD-PARTY"), "utf8");
  const carried = await readdir(join(modules, "wherry", "dist", "copyright"), { recursive: true });
  for (const [, name] of text.matchAll(/see copyright\/(\S+)/g)) expect(carried).toContain(name);
  expect(carried).toContain("common-licenses/GPL-2");
  for (const patches of ["linux/patches", "crun/patches"]) expect(text).toContain(`kernel-image/${patches}`);
  for (const part of [
    "linux-source-6.12",
    "busybox-static",
    "bash-static",
    "crun",
    "glibc",
    "tini",
    "v86",
    "libseccomp",
  ])
    expect(text).toMatch(new RegExp(`^ +${part}(-dev)? \\d\\S* ?.*: \\S`, "m"));
});

it("serves the page with the guest and the bundled images", async () => {
  const server = spawn(wherry, ["--port", "0"], { env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const url = await saidAddress(server);
    const page = await (await fetch(url)).text();
    const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(page)?.[1];
    const guest = (await (await fetch(`${url}guest/guest.json`)).json()) as { files: Record<string, { path: string }> };
    const wanted = [script, "images/index.json", `guest/${guest.files.state?.path}`, `guest/${guest.files.wasm?.path}`];
    for (const path of wanted) {
      const answer = await fetch(`${url}${path}`);
      expect(answer.status, path).toBe(200);
      await answer.body?.cancel();
    }
  } finally {
    const exit = once(server, "exit");
    server.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
  }
});

async function saidAddress(server: ChildProcess): Promise<string> {
  let said = "";
  for await (const chunk of server.stdout ?? []) {
    said += chunk;
    const url = /http:\/\/\S+\//.exec(said)?.[0];
    if (url) return url;
  }
  throw new Error(`The server said no address: ${said}`);
}

describe("docker commands without DOCKER_HOST", () => {
  it("share one engine, however many start it at once", async () => {
    const outcomes = await Promise.all([1, 2, 3].map((n) => command("run", "--rm", "busybox", "echo", `hi ${n}`)));
    expect(outcomes.map(({ code, stdout }) => [code, stdout])).toEqual([1, 2, 3].map((n) => [0, `hi ${n}\n`]));
    const { stdout } = await command(
      "events",
      "--since",
      "1h",
      "--until",
      `${Date.now() / 1000}`,
      "--format",
      "{{.Action}}",
    );
    expect(stdout.match(/^die/gm)).toHaveLength(3);
  });

  it("find what an earlier one left running, and answer the exit code", async () => {
    const started = await command("run", "-d", "--name", "kept", "busybox", "sleep", "1000");
    expect(started.code, started.stderr).toBe(0);
    expect((await command("ps", "--format", "{{.Names}}")).stdout).toBe("kept\n");
    expect((await command("exec", "kept", "sh", "-c", "exit 7")).code).toBe(7);
  });

  it("bind what they name, and nothing beside it", async () => {
    const project = join(folder, "project");
    await mkdir(join(project, "inner"), { recursive: true });
    await writeFile(join(project, "file"), "of this machine\n");
    const binds = [`${project}/inner:/w`, `${project}/file:/f:ro`, `${project}/new:/n`].flatMap((bind) => ["-v", bind]);
    const script = "cat /f; echo made > /w/made; echo made > /n/made; echo no > /f";
    const { stdout, stderr } = await command("run", "--rm", ...binds, "busybox", "sh", "-c", script);
    expect([stdout, stderr]).toEqual(["of this machine\n", "sh: can't create /f: Read-only file system\n"]);
    for (const made of ["inner/made", "new/made"]) expect(await readFile(join(project, made), "utf8")).toBe("made\n");
    const missing = ["--mount", `type=bind,src=${project}/missing,dst=/m`];
    const refused = await command("run", "--rm", ...missing, "busybox", "true");
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain(`bind source path does not exist: ${project}/missing\n`);
  });

  it("read an --env-file, which Node has an option for too", async () => {
    const file = join(folder, "environment");
    await writeFile(file, "NODE_OPTIONS=--nonsense\n");
    const { stdout } = await command("run", "--rm", "--env-file", file, "busybox", "env");
    expect(stdout).toContain("NODE_OPTIONS=--nonsense\n");
    const missing = await command("run", "--rm", "--env-file", join(folder, "none"), "busybox", "env");
    expect([missing.code, missing.stderr.split("\n")[0]]).toEqual([
      125,
      `docker: open ${join(folder, "none")}: no such file or directory`,
    ]);
  });

  it("give a terminal", async () => {
    const terminal = new PtySession(`env PATH=$NODE_ALONE ${wherry} run -it --rm busybox sh`, {
      ...env,
      PATH: process.env.PATH,
      NODE_ALONE: env.PATH,
    });
    try {
      await terminal.shows(/# $/);
      terminal.type("tty; stty size; exit 5\n");
      expect(await terminal.shows(/30 100/)).toContain("/dev/pts/0");
      expect(await terminal.ended()).toBe(5);
    } finally {
      terminal.kill();
    }
  });

  it("start another engine when it was killed; it tells what was lost", async () => {
    await ended(await enginePid());
    const { stdout } = await impatient("ps", "-a", "--format", "{{.Names}} {{.Status}}");
    expect(stdout).toMatch(/^kept Exited \(255\)/);
    expect((await impatient("rm", "kept")).code).toBe(0);
  });

  it("leave an engine that ends by itself when nothing is left, and keeps its images", async () => {
    const pid = await enginePid();
    await ended(pid, 0);
    expect(await readFile(join(dataRoot(), "daemon.log"), "utf8")).toContain("--exit-when-idle");
    expect((await command("images", "--format", "{{.Repository}}")).stdout).toBe("busybox\n");
    expect(await enginePid()).not.toBe(pid);
  });

  it("say why no engine starts, and where its log is", async () => {
    const data = join(folder, "other");
    const broken = { ...env, XDG_DATA_HOME: data, WHERRY_GUEST: join(folder, "nowhere") };
    const { code, stderr } = await run(wherry, ["run", "--rm", "busybox", "true"], { env: broken });
    expect(code).toBe(125);
    expect(stderr).toContain(`Cannot start Wherry's engine: no guest in ${join(folder, "nowhere")}`);
    expect(stderr).toContain(`Its log is ${join(data, "wherry", "daemon.log")}`);
  });

  it("name the engine that has the data root and listens elsewhere", async () => {
    const data = join(folder, "taken");
    const flags = ["-H", `unix://${join(folder, "elsewhere.sock")}`, "--data-root", join(data, "wherry")];
    const daemon = spawn(wherry, ["daemon", ...flags], { env, stdio: ["ignore", "ignore", "pipe"] });
    try {
      await new Promise((resolve) => daemon.stderr.once("data", resolve));
      const { code, stderr } = await run(wherry, ["ps"], { env: { ...env, XDG_DATA_HOME: data } });
      expect(code).toBe(1);
      expect(stderr).toContain(`another engine (process ${daemon.pid}) uses ${join(data, "wherry")}: set DOCKER_HOST`);
      const named = ["--host", `unix://${join(folder, "elsewhere.sock")}`];
      expect((await run(wherry, [...named, "version", "-f", "{{.Server.Version}}"], { env })).code).toBe(0);
    } finally {
      const exit = once(daemon, "exit");
      daemon.kill("SIGTERM");
      await exit;
    }
  });
});
