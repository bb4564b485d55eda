import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Engine, startEngine } from "../support/engine.ts";
import { PtySession } from "../support/pty.ts";

let engine: Engine;
let session: PtySession | undefined;
const open = (command: string) => {
  session = new PtySession(`docker ${command}`, { ...process.env, DOCKER_HOST: engine.host });
  return session;
};

beforeAll(async () => {
  engine = await startEngine();
});
afterEach(async () => {
  session?.kill();
  await engine.docker(["rm", "-f", "cf-tty"]);
});
afterAll(async () => {
  await engine?.stop();
});

describe("docker run -it", () => {
  it("gives a shell on a terminal of the client's size", async () => {
    const shell = open("run -it --rm busybox sh");
    await shell.shows(/# $/);
    shell.type("stty size; tty; exit 5\n");
    expect(await shell.shows(/\/dev\/pts\/0/)).toContain("30 100");
    expect(await shell.ended()).toBe(5);
  });

  it("interrupts with Ctrl-C what runs in the shell, not the shell", async () => {
    const shell = open("run -it --rm busybox sh");
    await shell.shows(/# $/);
    shell.type("echo about-to-$((40+2)); sleep 1000\n");
    await shell.shows(/about-to-42\n/);
    shell.type("\x03");
    await shell.shows(/\^C\n.*# $/);
    shell.type("echo still-$((40+2))\n");
    await shell.shows(/still-42/);
    shell.type("\x04");
    expect(await shell.ended()).toBe(0);
  });

  it("leaves with Ctrl-P Ctrl-Q, and comes back with attach", async () => {
    const shell = open("run -it --name cf-tty busybox sh");
    await shell.shows(/# $/);
    shell.type("echo before\n");
    await shell.shows(/before\n.*# $/s);
    shell.type("\x10\x11");
    await shell.ended();
    const running = await engine.docker(["inspect", "-f", "{{.State.Running}}", "cf-tty"]);
    expect(running.stdout).toBe("true\n");
    const again = open("attach cf-tty");
    again.type("\n");
    await again.shows(/# $/);
    again.type("exit 3\n");
    expect(await again.ended()).toBe(3);
  });
});

describe("docker exec -it", () => {
  it("opens a second terminal in the container", async () => {
    await engine.docker(["run", "-d", "--name", "cf-tty", "busybox", "sleep", "1000"]);
    const shell = open("exec -it cf-tty sh");
    await shell.shows(/# $/);
    shell.type("tty; stty size; ps -o comm | grep -c sleep; exit 4\n");
    expect(await shell.shows(/\n1\n/)).toMatch(/\/dev\/pts\/\d[\s\S]*30 100/);
    expect(await shell.ended()).toBe(4);
  });
});

describe("docker logs -f", () => {
  it("follows until the container ends", async () => {
    const script = "for i in 1 2 3; do echo line $i; sleep 0.2; done";
    await engine.docker(["run", "-d", "--name", "cf-tty", "busybox", "sh", "-c", script]);
    const logs = open("logs -f cf-tty");
    await logs.shows(/line 1\nline 2\nline 3/);
    expect(await logs.ended()).toBe(0);
  });
});
