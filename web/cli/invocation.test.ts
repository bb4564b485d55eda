import { once } from "node:events";
import { mkdtemp, readdir, symlink } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GuestHostSession } from "../../worker/daemon/host-session.ts";
import type { Disposable } from "../../worker/internal/disposable.ts";
import { encodeFrame } from "../../worker/internal/wire/frames.ts";
import { FakeRuntime } from "../../worker/runtime/fake-runtime.ts";
import type { GuestProcess, SpawnOptions } from "../../worker/shim/guest.ts";
import { compileProgram, type NativeAgent, startNativeAgent } from "../../worker/shim/native-agent.node.ts";
import type { CliContext } from "./context.ts";
import { acceptInvocation } from "./invocation.ts";
import { From, INVOCATION_VERSION } from "./invocation-wire.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function textOf(stream: ReadableStream<Uint8Array> | undefined): Promise<string> {
  let text = "";
  for await (const chunk of stream ?? []) text += decoder.decode(chunk, { stream: true });
  return text;
}

async function print(stream: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stream.getWriter();
  await writer.write(encoder.encode(text));
  writer.releaseLock();
}

describe("the guest's docker program", () => {
  let agent: NativeAgent;
  let session: GuestHostSession;
  let listening: Disposable | undefined;
  let program: string;
  /** What the test wants `docker` to do; returns its exit code. */
  let command: (context: CliContext) => Promise<number>;

  beforeAll(async () => {
    const folder = fileURLToPath(new URL("../../kernel-image/docker/", import.meta.url));
    const sources = (await readdir(folder)).filter((file) => file.endsWith(".c"));
    program = await compileProgram(
      "docker",
      sources.map((file) => `docker/${file}`),
    );
    agent = await startNativeAgent();
    session = new GuestHostSession(
      { current: async () => ({ guest: agent.client, runtime: new FakeRuntime() }) },
      { socket: `${agent.folder}/run/cli.sock`, shell: ["/bin/bash"] },
    );
    listening = await session.serve(agent.client);
    session.onInvocation(async (connection) => {
      const invocation = await acceptInvocation(connection);
      const code = await command(invocation.context).catch(async (error: unknown) => {
        await print(invocation.context.stderr, `${error}\n`).catch(() => undefined);
        return 99;
      });
      await invocation.exit(code);
    });
  }, 120_000);
  afterAll(async () => {
    listening?.dispose();
    await agent?.close();
  });

  const env = () => [`WHERRY_CLI_SOCKET=${agent.folder}/run/cli.sock`, "PATH=/usr/bin:/bin", `docker=${program}`];
  const docker = (args: readonly string[], options: Partial<SpawnOptions> = {}): Promise<GuestProcess> =>
    agent.client.spawn({ argv: [program, ...args], env: env(), stdout: true, stderr: true, ...options });
  const sh = (script: string, options: Partial<SpawnOptions> = {}): Promise<GuestProcess> =>
    agent.client.spawn({ argv: ["/bin/bash", "-c", script], env: env(), stdout: true, stderr: true, ...options });

  it("hands on arguments, environment, folder and terminals, and returns streams and the exit code", async () => {
    let seen: CliContext | undefined;
    command = async (context) => {
      seen = context;
      await print(context.stdout, "out\n");
      await print(context.stderr, "err\n");
      return 42;
    };
    const process = await docker(["run", "--name", "", "é x"], { cwd: "/usr" });
    expect(await textOf(process.stdout)).toBe("out\n");
    expect(await textOf(process.stderr)).toBe("err\n");
    expect((await process.exited).code).toBe(42);
    expect(seen?.argv).toEqual(["run", "--name", "", "é x"]);
    expect(seen?.env.PATH).toBe("/usr/bin:/bin");
    expect(seen?.cwd).toBe("/usr");
    expect(seen?.tty).toEqual({ stdin: false, stdout: false, stderr: false });
    expect(seen?.size()).toBeUndefined();
  });

  it("passes a long argument list whole, and refuses one of more than a megabyte", async () => {
    command = async (context) => context.argv.length % 256;
    expect((await (await sh("exec $docker first $(seq -f '%0500g' 700)")).exited).code).toBe(701 % 256);
    const tooLong = await sh("exec $docker $(seq -f '%0500g' 3000)");
    expect(await textOf(tooLong.stderr)).toContain("connection to Wherry was lost");
    expect((await tooLong.exited).code).toBe(1);
  });

  it("reads stdin only when somebody asks for it", async () => {
    command = async (context) => {
      if (context.argv[0] !== "cat") return 0;
      await print(context.stdout, await textOf(context.stdin));
      return 0;
    };
    const loop = await sh(
      "printf '1\\n2\\n3\\n' | while read line; do $docker ps; echo $line; done; seq 50000 | $docker cat | md5sum",
    );
    const expected = await sh("seq 50000 | md5sum");
    expect(await textOf(loop.stdout)).toBe(`1\n2\n3\n${await textOf(expected.stdout)}`);
  });

  it("moves much data both ways at the reader's pace", async () => {
    command = async (context) => {
      await context.stdin.pipeTo(context.stdout);
      return 0;
    };
    const process = await sh("head -c 20000000 /dev/zero | $docker cat | wc -c");
    expect(await textOf(process.stdout)).toBe("20000000\n");
  });

  it("dies of a closed pipe as other programs do, and the command learns it", async () => {
    let aborted = false;
    command = async (context) => {
      context.signal.addEventListener("abort", () => {
        aborted = true;
      });
      const writer = context.stdout.getWriter();
      for (;;) await writer.write(encoder.encode("y\n".repeat(1000)));
    };
    const process = await sh("set -o pipefail; $docker yes | head -n 1; echo $?");
    expect(await textOf(process.stdout)).toBe("y\n141\n");
    expect(await textOf(process.stderr)).toBe("");
    await expect.poll(() => aborted).toBe(true);
  });

  it("hands signals on, also while its output is stuck", async () => {
    command = (context) =>
      new Promise((resolve) => {
        context.onSignal((signal) => resolve(signal === "TERM" ? 143 : 1));
        const writer = context.stdout.getWriter();
        void (async () => {
          for (;;) await writer.write(new Uint8Array(65_536));
        })().catch(() => undefined);
      });
    const script =
      "mkfifo $d/fifo; $docker logs > $d/fifo & exec 3< $d/fifo; sleep .3; kill -TERM $!; sleep .2; cat <&3 >/dev/null; wait $!";
    const process = await sh(script, { env: [...env(), `d=${await mkdtemp(join(agent.folder, "fifo-"))}`] });
    expect((await process.exited).code).toBe(143);
  });

  it("works on a terminal: size, resize, raw mode and its end", async () => {
    command = async (context) => {
      expect(context.tty).toEqual({ stdin: true, stdout: true, stderr: true });
      const resized = new Promise<string>((resolve) =>
        context.onResize(({ rows, columns }) => resolve(`${rows}x${columns}`)),
      );
      await print(context.stdout, `${context.size()?.rows}x${context.size()?.columns}\n`);
      await print(context.stdout, `${await resized}\n`);
      await context.setRaw(true);
      await print(context.stdout, "raw\r\n");
      const reader = context.stdin.getReader();
      // Ctrl-C is a byte now.
      const { value } = await reader.read();
      await print(context.stdout, `got ${value}\r\n`);
      return 0;
    };
    const shell = await session.openShell({ size: { rows: 24, columns: 80 }, env: { PS1: "$ " } });
    const writer = shell.writable.getWriter();
    const reader = shell.readable.getReader();
    let seen = "";
    const until = async (wanted: string) => {
      while (!seen.includes(wanted)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`ended after ${JSON.stringify(seen)}`);
        seen += decoder.decode(value);
      }
      seen = seen.slice(seen.indexOf(wanted) + wanted.length);
    };
    await writer.write(
      encoder.encode(`export WHERRY_CLI_SOCKET=${agent.folder}/run/cli.sock\n${program} attach; stty -a\n`),
    );
    await until("24x80\r\n");
    await shell.resize({ rows: 30, columns: 90 });
    await until("30x90\r\n");
    await until("raw\r\n");
    await writer.write(Uint8Array.of(3));
    await until("got 3\r\n");
    // The terminal is as it was.
    await until(" icanon ");
    await writer.write(encoder.encode("exit 7\n"));
    expect((await shell.exited).code).toBe(7);
  });

  it("uses files with the caller's rights", async () => {
    const folder = await mkdtemp(join(agent.folder, "files-"));
    await symlink("target", join(folder, "link"));
    const large = "0123456789".repeat(20_000);
    const results: unknown[] = [];
    command = async ({ files }) => {
      await files.mkdir(`${folder}/sub`, 0o700);
      await files.write(`${folder}/sub/large`, encoder.encode(large), 0o640);
      results.push(decoder.decode(await files.read(`${folder}/sub/large`)) === large);
      results.push(decoder.decode(await files.read(`${folder}/sub/large`, 5)));
      results.push(await files.stat(`${folder}/sub/large`));
      results.push((await files.stat(`${folder}/link`)).kind, await files.readLink(`${folder}/link`));
      results.push([...(await files.readDir(folder))].sort());
      await files.remove(`${folder}/sub/large`);
      await files.remove(`${folder}/sub`);
      results.push(await files.read(`${folder}/none`).catch((error: unknown) => error));
      results.push(await files.remove("/proc").catch((error: unknown) => error));
      return 0;
    };
    expect((await (await docker(["files"])).exited).code).toBe(0);
    expect(results).toEqual([
      true,
      "01234",
      { kind: "file", size: large.length, mode: 0o640, modified: expect.any(Date) },
      "symlink",
      "target",
      ["link", "sub"],
      expect.objectContaining({ code: "ENOENT", message: "no such file or directory" }),
      expect.objectContaining({ code: "EBUSY" }),
    ]);
  });

  it("reads what a process substitution gives", async () => {
    command = async ({ argv, files, stdout }) => {
      await print(stdout, decoder.decode(await files.read(argv[0] ?? "")));
      return 0;
    };
    const process = await sh("$docker <(echo A=1; sleep .2; echo B=2)");
    expect(await textOf(process.stdout)).toBe("A=1\nB=2\n");
  });

  it("says that there is no daemon when nobody listens", async () => {
    const process = await docker(["ps"], { env: ["WHERRY_CLI_SOCKET=/nowhere"] });
    expect(await textOf(process.stderr)).toBe(
      "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n",
    );
    expect((await process.exited).code).toBe(1);
  });

  it("gives an invocation up that breaks the protocol", async () => {
    command = async (context) => {
      await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      return 0;
    };
    const frame = (type: number, id: number, payload: Uint8Array) => encodeFrame(type, id, payload);
    const start = (strings: number) => {
      const numbers = new Uint32Array([INVOCATION_VERSION, 0, 0, strings, 0]);
      return Buffer.concat([frame(From.START, 0, Buffer.concat([new Uint8Array(numbers.buffer), Buffer.from("/")]))]);
    };
    const good = Buffer.concat([start(1), frame(From.STRINGS, 0, Buffer.from("ps\0"))]);
    const forged = [
      Buffer.alloc(12, 0xff),
      Buffer.concat([good, frame(From.STDIN, 0, Buffer.from("unasked"))]),
      Buffer.concat([good, frame(From.RESULT, 5, new Uint8Array(4))]),
      Buffer.concat([good, frame(99, 0, new Uint8Array())]),
      Buffer.concat([good, frame(From.SIZE, 0, new Uint8Array(1))]),
      Buffer.concat([start(1), frame(From.STRINGS, 0, Buffer.from("two\0strings\0"))]),
      Buffer.concat([start(0xffff_ffff)]),
      good.subarray(12),
    ];
    for (const bytes of forged) {
      const socket = connect(`${agent.folder}/run/cli.sock`);
      const ended = once(socket, "close");
      socket.on("error", () => undefined);
      socket.resume();
      socket.write(bytes);
      await ended;
    }
  });
});
