import { beforeAll, describe, expect, it } from "vitest";
import type { Guest, SpawnOptions } from "./guest.ts";
import {
  collect,
  encoder,
  equal,
  feed,
  type GuestUnderTest,
  noise,
  readUntil,
  shell,
  text,
} from "./guest-under-test.suite.ts";

/** A Guest's processes and terminals. `bulk` is the number of bytes for tests of throughput. */
export function guestProcessCases(open: () => GuestUnderTest, bulk: number): void {
  let guest: Guest;
  beforeAll(() => {
    ({ guest } = open());
  });
  const sh = (script: string, more: Partial<SpawnOptions> = {}) => shell(guest, script, more);

  describe("processes", () => {
    it("runs a program with arguments, environment and folder, and tells its exit code", async () => {
      const process = await sh('echo "$0 $1 $X $PWD"; echo err >&2; exit 7', {
        argv: ["/bin/sh", "-c", 'echo "$0 $1 $X $PWD"; echo err >&2; exit 7', "zero", "one two"],
        env: ["X=y z"],
        cwd: "/proc",
        stdout: true,
        stderr: true,
      });
      expect(process.stdin).toBeUndefined();
      expect(text(await collect(process.stdout))).toBe("zero one two y z /proc\n");
      expect(text(await collect(process.stderr))).toBe("err\n");
      const status = await process.exited;
      expect(status.code).toBe(7);
      expect(status.signal).toBeUndefined();
      expect(Math.abs(status.at.getTime() - Date.now())).toBeLessThan(60_000);
    });

    it("rejects when the program is not there, and forgets its streams", async () => {
      const failed = guest.spawn({ argv: ["/no/such/program"], stdin: true, stdout: true, stderr: true });
      await expect(failed).rejects.toMatchObject({
        code: "ENOENT",
        message: "start /no/such/program: no such file or directory",
      });
    });

    it("reads nothing from stdin when it was not asked for", async () => {
      const process = await sh("cat; echo done", { stdout: true });
      expect(text(await collect(process.stdout))).toBe("done\n");
    });

    it("tells the signal, to a process and to its group", async () => {
      const one = await sh("exec sleep 1000");
      await one.kill(15);
      expect(await one.exited).toMatchObject({ code: 143, signal: 15 });
      await expect(one.kill(15)).rejects.toMatchObject({ code: "ESRCH" });
      const group = await sh("sleep 1000 & echo $!; wait", { stdout: true });
      await guest.kill(-group.pid, 9);
      expect(await group.exited).toMatchObject({ code: 137, signal: 9 });
      // stdout closes too: the child in the background had it, and was in the group.
      expect(text(await collect(group.stdout))).toMatch(/^\d*\n?$/);
    });

    it("tells the exit while a grandchild still holds the pipe", async () => {
      const process = await sh("(sleep 1; echo late) & echo early", { stdout: true });
      expect((await process.exited).code).toBe(0);
      expect(text(await collect(process.stdout))).toBe("early\nlate\n");
    });

    it("passes much data through both directions unharmed", async () => {
      const process = await guest.spawn({ argv: ["/bin/cat"], stdin: true, stdout: true });
      const bytes = noise(bulk);
      const [, echoed] = await Promise.all([feed(process.stdin, bytes), collect(process.stdout)]);
      expect(echoed.length).toBe(bytes.length);
      expect(equal(echoed, bytes)).toBe(true);
      expect((await process.exited).code).toBe(0);
    });

    it("holds a writer back when the process does not read, and a process when nobody reads here", async () => {
      const process = await sh("read line; cat", { stdin: true, stdout: true });
      const writer = process.stdin?.getWriter();
      let written = 0;
      const chunk = encoder.encode(`${"x".repeat(65_535)}\n`);
      const writing = (async () => {
        for (; written < 8 << 20; written += chunk.length) await writer?.write(chunk);
        await writer?.close();
      })();
      // Another process's round trips pass meanwhile; the held writer must not have gone on.
      for (let i = 0; i < 5; i++) await (await sh("true")).exited;
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(written).toBeLessThan(1 << 20);
      const [echoed] = await Promise.all([collect(process.stdout), writing]);
      expect(echoed.length).toBe((8 << 20) - chunk.length);
    });

    it("gathers many small writes", async () => {
      const process = await sh("i=0; while [ $i -lt 1000 ]; do echo $i; i=$((i+1)); done", { stdout: true });
      await process.exited;
      const lines = text(await collect(process.stdout)).split("\n");
      expect(lines.length).toBe(1001);
      expect(lines[999]).toBe("999");
    });

    it("fails writes when the process has closed its stdin, and stops output when the reader cancels", async () => {
      const process = await sh("exec 0<&-; echo closed; exec sleep 1000", { stdin: true, stdout: true });
      const reader = process.stdout?.getReader();
      await reader?.read();
      const writer = process.stdin?.getWriter();
      const endless = (async () => {
        for (;;) await writer?.write(encoder.encode("x".repeat(1000)));
      })();
      await expect(endless).rejects.toMatchObject({ code: "EPIPE" });
      await process.kill(9);
      const yes = await sh("while :; do echo y; done", { stdout: true });
      await yes.stdout?.cancel();
      // SIGPIPE, or the shell's own way to say it.
      expect((await yes.exited).code).not.toBe(0);
    });

    it("abandons a write that waits for credit when it is aborted", async () => {
      const process = await sh("exec sleep 1000", { stdin: true });
      const writer = process.stdin?.getWriter();
      const blocked = writer?.write(new Uint8Array(4 << 20)).catch(() => undefined);
      await writer?.abort(new Error("enough"));
      await blocked;
      await process.kill(9);
      expect((await process.exited).signal).toBe(9);
    });
  });

  describe("terminals", () => {
    it("gives a terminal of the asked size, and resizes it", async () => {
      const process = await sh(
        "trap 'stty size; exit 3' WINCH; stty size; tty >/dev/null && echo yes; while :; do sleep .1; done",
        {
          tty: { via: "own" },
          size: { rows: 33, columns: 101 },
        },
      );
      const reader = process.stdout?.getReader();
      if (!reader) throw new Error("no output");
      expect(await readUntil(reader, "yes\r\n")).toBe("33 101\r\nyes\r\n");
      await process.resize({ rows: 44, columns: 120 });
      expect(await readUntil(reader, "44 120")).toContain("44 120");
      expect((await process.exited).code).toBe(3);
    });

    it("turns Ctrl-C into SIGINT and Ctrl-D into the end of input, and ends the output with the process", async () => {
      const process = await guest.spawn({ argv: ["/bin/cat"], tty: { via: "own" } });
      const writer = process.stdin?.getWriter();
      const reader = process.stdout?.getReader();
      if (!reader || !writer) throw new Error("no streams");
      await writer.write(encoder.encode("hello\n"));
      await readUntil(reader, "hello\r\nhello\r\n");
      await writer.write(Uint8Array.of(3));
      expect((await process.exited).signal).toBe(2);
      for (;;) if ((await reader.read()).done) break;
      const second = await guest.spawn({ argv: ["/bin/cat"], tty: { via: "own" } });
      await second.stdin?.getWriter().write(Uint8Array.of(4));
      expect((await second.exited).code).toBe(0);
    });

    it("keeps the terminal when its input is closed", async () => {
      const process = await sh("sleep .3; tty >/dev/null && echo still", { tty: { via: "own" } });
      await process.stdin?.close();
      expect(text(await collect(process.stdout))).toBe("still\r\n");
    });

    it("lets go of a terminal that nobody has open any more, though its input was never closed", async () => {
      const descriptors = async () =>
        Number(text(await collect((await sh("ls /proc/$PPID/fd | wc -l", { stdout: true })).stdout)));
      const before = await descriptors();
      for (let i = 0; i < 5; i++) {
        const process = await sh("echo on a terminal", { tty: { via: "own" } });
        await collect(process.stdout);
        await expect(process.stdin?.getWriter().closed).rejects.toMatchObject({ code: "EPIPE" });
      }
      // What a process that has just ended held is let go of a moment later.
      await expect.poll(descriptors).toBeLessThanOrEqual(before);
    });
  });
}
