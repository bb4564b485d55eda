import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isEngineError } from "../errdefs/errors.ts";
import type { Guest, GuestConnection, GuestProcess } from "./guest.ts";

/** A guest to test, with an empty folder in it. */
export interface GuestUnderTest {
  readonly guest: Guest;
  readonly folder: string;
  /** Programs that the guest can run, see kernel-image/agent/*-test.c. */
  readonly programs: { readonly relay: Uint8Array; readonly console: Uint8Array };
  close(): Promise<void>;
}

const encoder = new TextEncoder();
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function collect(stream: ReadableStream<Uint8Array> | undefined): Promise<Uint8Array> {
  if (!stream) throw new Error("no such stream");
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

async function feed(stream: WritableStream<Uint8Array> | undefined, bytes: Uint8Array): Promise<void> {
  if (!stream) throw new Error("no such stream");
  const writer = stream.getWriter();
  await writer.write(bytes);
  await writer.close();
}

/** Reads until the text has come. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, wanted: string): Promise<string> {
  let seen = "";
  while (!seen.includes(wanted)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`Cannot find ${JSON.stringify(wanted)}: the stream ended after ${JSON.stringify(seen)}`);
    seen += text(value);
  }
  return seen;
}

/** Pseudo-random bytes, so that a lost or doubled piece is noticed. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    bytes[i] = state >> 16;
  }
  return bytes;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** What every Guest does, checked against a real kernel. `bulk` is the number of bytes for tests of throughput. */
export function guestSuite(
  name: string,
  open: () => Promise<GuestUnderTest>,
  options: { readonly bulk: number },
): void {
  describe(name, () => {
    let under: GuestUnderTest;
    let guest: Guest;
    let folder: string;

    beforeAll(async () => {
      under = await open();
      guest = under.guest;
      folder = under.folder;
    }, 120_000);
    afterAll(() => under?.close());

    const sh = (script: string, more: Partial<Parameters<Guest["spawn"]>[0]> = {}): Promise<GuestProcess> =>
      guest.spawn({ argv: ["/bin/sh", "-c", script], ...more });
    const write = (path: string, contents: string, mode = 0o644) =>
      guest.run([{ op: "write", path, bytes: encoder.encode(contents), mode }]);

    describe("files", () => {
      it("writes, appends, reads, renames and removes", async () => {
        const path = `${folder}/file`;
        await guest.run([
          { op: "write", path, bytes: encoder.encode("one "), mode: 0o640 },
          { op: "append", path, bytes: encoder.encode("two") },
          { op: "rename", from: path, to: `${path}.new` },
        ]);
        expect(text(await guest.readFile(`${path}.new`))).toBe("one two");
        expect(text(await guest.readFile(`${path}.new`, 3))).toBe("one");
        await guest.run([{ op: "remove", path: `${path}.new` }]);
        await expect(guest.readFile(`${path}.new`)).rejects.toMatchObject({ name: "GuestError", code: "ENOENT" });
      });

      it("writes and reads a file of many frames", async () => {
        const bytes = noise(3_000_000);
        await guest.run([{ op: "write", path: `${folder}/large`, bytes, mode: 0o600 }]);
        expect(equal(await guest.readFile(`${folder}/large`), bytes)).toBe(true);
        expect((await guest.usage(`${folder}/large`)).inodes).toBe(1);
      });

      it("stops a batch at the first error, names the operation, and skips the frames that follow", async () => {
        const large = noise(200_000);
        const batch = guest.run([
          { op: "mkdir", path: `${folder}/stop`, mode: 0o755 },
          { op: "write", path: `${folder}/missing/a`, bytes: large, mode: 0o600 },
          { op: "mkdir", path: `${folder}/stop/never`, mode: 0o755 },
        ]);
        await expect(batch).rejects.toMatchObject({ code: "ENOENT", message: `write ${folder}/missing/a: ENOENT` });
        expect(await guest.readDir(`${folder}/stop`)).toEqual([]);
        // The next batch is a new one.
        await guest.run([{ op: "mkdir", path: `${folder}/stop/later`, mode: 0o755 }]);
        expect(await guest.readDir(`${folder}/stop`)).toEqual(["later"]);
      });

      it("makes parents when asked, and does not mind an existing folder then", async () => {
        const path = `${folder}/a/b/c`;
        await guest.run([{ op: "mkdir", path, mode: 0o700, parents: true }]);
        await guest.run([{ op: "mkdir", path, mode: 0o700, parents: true }]);
        await expect(guest.run([{ op: "mkdir", path, mode: 0o700 }])).rejects.toMatchObject({ code: "EEXIST" });
      });

      it("lists a folder of many names", async () => {
        const names = Array.from({ length: 1200 }, (_, index) => `${"n".repeat(40)}-${index}`);
        await guest.run([
          { op: "mkdir", path: `${folder}/many`, mode: 0o755 },
          ...names.map((name) => ({
            op: "write" as const,
            path: `${folder}/many/${name}`,
            bytes: new Uint8Array(),
            mode: 0o600,
          })),
        ]);
        expect([...(await guest.readDir(`${folder}/many`))].sort()).toEqual(names.sort());
        expect((await guest.usage(`${folder}/many`)).inodes).toBe(1201);
        await guest.run([{ op: "remove", path: `${folder}/many`, recursive: true }]);
        await expect(guest.readDir(`${folder}/many`)).rejects.toMatchObject({ code: "ENOENT" });
      });

      it("removes a tree without following its links, however deep it is", async () => {
        await guest.run([
          { op: "mkdir", path: `${folder}/kept`, mode: 0o755 },
          { op: "write", path: `${folder}/kept/file`, bytes: encoder.encode("kept"), mode: 0o600 },
          { op: "mkdir", path: `${folder}/tree/x`, mode: 0o755, parents: true },
          { op: "symlink", target: `${folder}/kept`, path: `${folder}/tree/x/link` },
        ]);
        const deep = await sh(`cd ${folder}/tree; for i in $(seq 150); do mkdir d; cd d; done; echo x > file`);
        expect((await deep.exited).code).toBe(0);
        await guest.run([{ op: "remove", path: `${folder}/tree`, recursive: true }]);
        await guest.run([{ op: "remove", path: `${folder}/tree`, recursive: true, missingOk: true }]);
        await expect(guest.readDir(`${folder}/tree`)).rejects.toMatchObject({ code: "ENOENT" });
        expect(text(await guest.readFile(`${folder}/kept/file`))).toBe("kept");
      });

      it("copies a tree with its modes, owners and links, and resolves the source inside its root", async () => {
        const made = await sh(
          `mkdir -p root/data/sub to && cd root && echo secret > ../outside && echo in > outside &&
           echo a > data/a && chown 5:6 data/a && chmod 4755 data/a && ln data/a data/b && ln -s a data/s &&
           chmod 750 data/sub && mkfifo data/fifo && ln -s /data abs && ln -s /../outside climb && chmod 711 data`,
          { cwd: folder, stderr: true },
        );
        expect(text(await collect(made.stderr))).toBe("");
        const [root, to] = [`${folder}/root`, `${folder}/to`];
        await guest.run([{ op: "copy", root, from: "/abs", to }]);
        const listed = await sh(`stat -c '%n %a %u:%g %h %F' . * | sort; readlink s`, { cwd: to, stdout: true });
        expect(text(await collect(listed.stdout))).toBe(
          [
            ". 711 0:0 3 directory",
            "a 4755 5:6 2 regular file",
            "b 4755 5:6 2 regular file",
            "fifo 644 0:0 1 fifo",
            "s 777 0:0 1 symbolic link",
            "sub 750 0:0 2 directory",
            "a\n",
          ].join("\n"),
        );
        expect(text(await guest.readFile("/climb", 100, { root }))).toBe("in\n");
        await expect(guest.run([{ op: "copy", root, from: "/none", to }])).rejects.toMatchObject({ code: "ENOENT" });
        await guest.run([{ op: "copy", root, from: "/none", to, missingOk: true }]);
      });

      it("mounts and unmounts, with the flags of a bind mount and its propagation", async () => {
        const [source, target] = [`${folder}/m-source`, `${folder}/m-target`];
        await guest.run([
          { op: "mkdir", path: source, mode: 0o755 },
          { op: "mkdir", path: target, mode: 0o755 },
          { op: "mount", source: "tmpfs", target: source, type: "tmpfs", options: ["size=1m", "nosuid", "mode=0711"] },
          { op: "write", path: `${source}/file`, bytes: encoder.encode("x"), mode: 0o600 },
          { op: "mount", source, target, type: "bind", options: ["rbind", "ro", "rprivate"] },
        ]);
        expect(await guest.readDir(target)).toEqual(["file"]);
        await expect(write(`${target}/other`, "x")).rejects.toMatchObject({ code: "EROFS" });
        // Neither the mount nor what is mounted may be removed by a recursive removal.
        await expect(guest.run([{ op: "remove", path: target, recursive: true }])).rejects.toMatchObject({
          code: "EBUSY",
        });
        await expect(guest.run([{ op: "remove", path: folder, recursive: true }])).rejects.toMatchObject({
          name: "GuestError",
        });
        expect(await guest.readDir(source)).toEqual(["file"]);
        await guest.run([
          { op: "mkdir", path: folder, mode: 0o755, parents: true },
          { op: "unmount", target },
          { op: "unmount", target: source, lazy: true },
          { op: "unmount", target: source, missingOk: true },
        ]);
        await expect(guest.run([{ op: "unmount", target: source }])).rejects.toMatchObject({ code: "EINVAL" });
      });

      it("binds what is below a folder, and follows no symlink out of it", async () => {
        const made = await sh(
          `mkdir -p share/in/side beyond target && cd share && echo f > in/file && echo secret > ../beyond/secret &&
           ln -s in/side good && ln -s in/../in/file near && ln -s / abs && ln -s ../.. up && ln -s ../beyond out &&
           ln -s $PWD/in whole && ln -s nothing dangling && ln -s loop loop && ln -s /proc/self/root magic`,
          { cwd: folder, stderr: true },
        );
        expect(text(await collect(made.stderr))).toBe("");
        const root = `${folder}/share`;
        const bind = (source: string, more: { make?: boolean; target?: string } = {}) =>
          guest.run([{ op: "bind", root, source, ...more }]);
        for (const make of [false, true]) {
          for (const source of ["abs", "abs/etc", "up", "out", "out/secret", "whole", "magic", "in/../../beyond"]) {
            const refused = bind(source, { make, target: `${folder}/target/no` });
            await expect(refused, source).rejects.toMatchObject({ code: "EXDEV" });
          }
        }
        await expect(bind("none")).rejects.toMatchObject({ code: "ENOENT", message: `bind none of ${root}: ENOENT` });
        await expect(bind("dangling")).rejects.toMatchObject({ code: "ENOENT" });
        await expect(bind("loop")).rejects.toMatchObject({ code: "ELOOP" });
        await expect(bind("dangling", { make: true })).rejects.toMatchObject({ code: "EEXIST" });
        await expect(bind("in/file/x", { make: true })).rejects.toMatchObject({ code: "ENOTDIR" });
        // Looking alone makes nothing.
        await bind("");
        await bind("good");
        await bind("near");
        expect(await guest.readDir(`${folder}/target`)).toEqual([]);
        const at = (name: string) => `${folder}/target/${name}`;
        try {
          await bind("good/new/er", { make: true, target: at("made") });
          await bind("", { target: at("all") });
          await bind("near", { make: true, target: at("file") });
          await write(`${at("made")}/written`, "w");
          expect(text(await guest.readFile(`${root}/in/side/new/er/written`))).toBe("w");
          expect(text(await guest.readFile(at("file")))).toBe("f\n");
          expect([...(await guest.readDir(at("all")))]).toContain("good");
        } finally {
          await guest.run(
            ["made", "all", "file"].map((name) => ({ op: "unmount", target: at(name), lazy: true, missingOk: true })),
          );
        }
        expect(await guest.readDir(`${folder}/beyond`)).toEqual(["secret"]);
      });

      it("reads only regular files in a root", async () => {
        const made = await sh("mkdir special && cd special && mkfifo fifo && mknod null c 1 3 && ln -s null link", {
          cwd: folder,
        });
        expect((await made.exited).code).toBe(0);
        const root = `${folder}/special`;
        for (const path of ["/fifo", "/null", "/link", "/"]) {
          await expect(guest.readFile(path, 100, { root }), path).rejects.toMatchObject({ code: "EINVAL" });
        }
      });

      it("does not wait for the reader of a FIFO that has none", async () => {
        const made = await sh(`mkfifo ${folder}/lonely`);
        await made.exited;
        await expect(write(`${folder}/lonely`, "x")).rejects.toMatchObject({ code: "ENXIO" });
      });
    });

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
        await expect(failed).rejects.toMatchObject({ code: "ENOENT", message: "start /no/such/program: ENOENT" });
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
        const bytes = noise(options.bulk);
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
    });

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

      it("rejects when the runtime leaves no pid", async () => {
        await guest.run([{ op: "remove", path: `${folder}/pid`, missingOk: true }]);
        await expect(sh("exit 0", { adopt: adopt() })).rejects.toMatchObject({ name: "RuntimeFailed", exitCode: 0 });
      });
    });

    describe("a terminal over a console socket", () => {
      const start = async (argv: readonly string[]) => {
        const program = `${folder}/console`;
        const [socket, pidFile] = [`${folder}/console.sock`, `${folder}/console.pid`];
        await guest.run([{ op: "write", path: program, bytes: under.programs.console, mode: 0o755 }]);
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

    describe("listeners", () => {
      it("accepts connections, says who they are, and relays both ways until each side has ended", async () => {
        const path = `${folder}/socket`;
        const connections: GuestConnection[] = [];
        const arrived = new Promise<GuestConnection>((resolve) => {
          void guest.listen(path, 0o600, (connection) => {
            connections.push(connection);
            resolve(connection);
          });
        });
        await guest.readDir(folder);
        const program = `${folder}/relay`;
        await guest.run([{ op: "write", path: program, bytes: under.programs.relay, mode: 0o755 }]);
        const client = await guest.spawn({ argv: [program, path], stdin: true, stdout: true });
        const connection = await arrived;
        expect(connection).toMatchObject({ pid: client.pid, uid: 0, gid: 0 });
        const bytes = noise(500_000);
        const relay = (async () => {
          const received = await collect(connection.readable);
          await feed(connection.writable, received);
        })();
        const [, echoed] = await Promise.all([feed(client.stdin, bytes), collect(client.stdout), relay]);
        expect(equal(echoed, bytes)).toBe(true);
        expect((await client.exited).code).toBe(0);
        expect(connections.length).toBe(1);
      });

      it("refuses connections after it was disposed", async () => {
        const path = `${folder}/closed`;
        const listener = await guest.listen(path, 0o600, () => undefined);
        listener.dispose();
        listener.dispose();
        await expect(guest.run([{ op: "remove", path }])).rejects.toMatchObject({ code: "ENOENT" });
      });
    });

    it("fails everything that waits when the guest is gone", async () => {
      const process = await sh("exec sleep 1000", { stdin: true, stdout: true });
      const reading = collect(process.stdout);
      const reasons: string[] = [];
      guest.onGone((reason) => reasons.push(reason));
      await guest.kill(process.pid, 9);
      await process.exited;
      await reading;
      const waiting = await sh("exec sleep 1000", { stdout: true });
      const failures = [waiting.exited, collect(waiting.stdout)].map((promise) =>
        promise.catch((error: unknown) => error),
      );
      await guest.kill(waiting.pid, 0);
      await under.close();
      for (const failure of await Promise.all(failures)) expect(isEngineError(failure, "Unavailable")).toBe(true);
      const late = await guest.readDir("/").catch((error: unknown) => error);
      expect(isEngineError(late, "Unavailable")).toBe(true);
      expect(reasons.length).toBe(1);
    });
  });
}
