import { beforeAll, describe, expect, it } from "vitest";
import type { Guest, SpawnOptions } from "./guest.ts";
import { collect, encoder, type GuestUnderTest, readUntil, shell, text } from "./guest-under-test.suite.ts";

/** What a Guest does for an OCI runtime, which leaves its container behind. */
export function guestRuntimeCases(open: () => GuestUnderTest): void {
  let guest: Guest;
  let folder: string;
  let programs: GuestUnderTest["programs"];
  beforeAll(() => {
    ({ guest, folder, programs } = open());
  });
  const sh = (script: string, more: Partial<SpawnOptions> = {}) => shell(guest, script, more);

  describe("adoption", () => {
    const adopt = () => ({ pidFile: `${folder}/pid`, errorLog: `${folder}/log` });

    it("takes over the process that a runtime leaves behind, with its output and exit code", async () => {
      const process = await sh(
        `sh -c 'sleep .2; echo from the container; exit 5' & printf %d $! > ${folder}/pid; exit 0`,
        { stdout: true, adopt: adopt() },
      );
      expect(String(process.pid)).toBe(text(await guest.readFile(`${folder}/pid`)));
      expect(text(await collect(process.stdout))).toBe("from the container\n");
      expect((await process.exited).code).toBe(5);
    });

    it("knows the exit of a container that ended before its runtime did", async () => {
      // The shell in between ends at once: the container is an orphan, and is reaped while the runtime still runs.
      const process = await sh(`(sh -c 'sleep .2; exit 9' & printf %d $! > ${folder}/pid); sleep .6; exit 0`, {
        adopt: adopt(),
      });
      expect((await process.exited).code).toBe(9);
    });

    it("rejects with the end of the runtime's log when the runtime fails", async () => {
      const failed = sh(`echo '{"msg":"no such thing"}' > ${folder}/log; exit 1`, { stdout: true, adopt: adopt() });
      await expect(failed).rejects.toMatchObject({
        name: "RuntimeFailed",
        exitCode: 1,
        message: '{"msg":"no such thing"}\n',
      });
    });

    it("kills the runtime when its start is given up, and leaves one alone that was given up too late", async () => {
      const over = new AbortController();
      const given = sh("sleep 1000", { stdout: true, adopt: adopt(), signal: over.signal });
      over.abort();
      await expect(given).rejects.toMatchObject({ name: "RuntimeFailed", exitCode: 137 });
      await expect(sh("sleep 1000", { adopt: adopt(), signal: over.signal })).rejects.toThrow();
      const late = new AbortController();
      const process = await sh(`sh -c 'sleep .2; exit 5' & printf %d $! > ${folder}/pid; exit 0`, {
        adopt: adopt(),
        signal: late.signal,
      });
      late.abort();
      expect((await process.exited).code).toBe(5);
    });

    it("rejects when the runtime leaves no pid", async () => {
      await guest.run([{ op: "remove", path: `${folder}/pid`, missingOk: true }]);
      await expect(sh("exit 0", { adopt: adopt() })).rejects.toMatchObject({ name: "RuntimeFailed", exitCode: 0 });
    });
  });

  describe("a terminal over a console socket", () => {
    const start = async (argv: readonly string[]) => {
      const program = `${folder}/console`;
      const [socket, pidFile] = [`${folder}/console.sock`, `${folder}/console.pid`];
      await guest.run([{ op: "write", path: program, bytes: programs.console, mode: 0o755 }]);
      return guest.spawn({
        argv: [program, socket, pidFile, ...argv],
        tty: { via: "console-socket", path: socket },
        size: { rows: 21, columns: 71 },
        adopt: { pidFile },
      });
    };

    it("becomes the process's streams, of the asked size, and the socket is gone", async () => {
      const process = await start(["/bin/sh", "-c", "read x; stty size; echo got $x; exit 4"]);
      await process.stdin?.getWriter().write(encoder.encode("typed\n"));
      expect(text(await collect(process.stdout))).toBe("typed\r\n21 71\r\ngot typed\r\n");
      expect((await process.exited).code).toBe(4);
      expect(await guest.readDir(folder)).not.toContain("console.sock");
    });

    it("can be resized and interrupted", async () => {
      const process = await start([
        "/bin/sh",
        "-c",
        "trap 'stty size; exit 6' WINCH; echo go; while :; do sleep .1; done",
      ]);
      const reader = process.stdout?.getReader();
      if (!reader) throw new Error("no output");
      await readUntil(reader, "go");
      await process.resize({ rows: 22, columns: 72 });
      await readUntil(reader, "22 72");
      expect((await process.exited).code).toBe(6);
      const cat = await start(["/bin/cat"]);
      const keys = cat.stdin?.getWriter();
      const screen = cat.stdout?.getReader();
      if (!keys || !screen) throw new Error("no terminal");
      // What the terminal echoes may come before the program reads; its own copy comes after, and only then is it there.
      await keys.write(new TextEncoder().encode("here\n"));
      await readUntil(screen, "here\r\nhere");
      await keys.write(Uint8Array.of(3));
      expect((await cat.exited).signal).toBe(2);
    });

    it("fails with the runtime, and its streams with it", async () => {
      const failed = guest.spawn({
        argv: ["/bin/sh", "-c", "exit 2"],
        tty: { via: "console-socket", path: `${folder}/console.sock` },
        adopt: { pidFile: `${folder}/console.pid` },
      });
      await expect(failed).rejects.toMatchObject({ name: "RuntimeFailed", exitCode: 2 });
      expect(await guest.readDir(folder)).not.toContain("console.sock");
    });
  });
}
