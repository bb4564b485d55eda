import { spawnSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { lstat, mkdir, open, readdir, readlink, rm, writeFile } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import type { Disposable } from "../../worker/internal/disposable.ts";
import type { TerminalSize } from "../../worker/shim/guest.ts";
import type { CliContext, CliFiles, FileStat } from "./context.ts";

const proxied = ["INT", "TERM", "HUP", "QUIT", "USR1", "USR2"] as const;

/**
 * The context of this process: its standard streams, terminal, signals and files. Signals are caught from the first listener
 * on, so the CLI ends by itself when one comes.
 * @param argv what follows `docker`
 */
export function processContext(argv: readonly string[]): CliContext {
  const { stdin, stdout, stderr } = process;
  const gone = new AbortController();
  for (const stream of [stdout, stderr]) stream.on("error", () => {});
  return {
    argv,
    env: definedOnly(process.env),
    cwd: process.cwd(),
    stdin: readableOf(stdin),
    stdout: writableOf(stdout),
    stderr: writableOf(stderr),
    tty: { stdin: stdin.isTTY ?? false, stdout: stdout.isTTY ?? false, stderr: stderr.isTTY ?? false },
    size: terminalSize,
    onResize: (listener) => {
      const notify = () => {
        const size = terminalSize();
        if (size) listener(size);
      };
      stdout.on("resize", notify);
      return { dispose: () => void stdout.off("resize", notify) };
    },
    setRaw: async (raw) => {
      if (!stdin.isTTY) return;
      stdin.setRawMode(raw);
      // Node's raw mode still turns a line feed into two characters; turning raw mode off sets all of it back.
      if (raw) spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
    },
    onSignal,
    files: processFiles,
    signal: gone.signal,
  };
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function terminalSize(): TerminalSize | undefined {
  const terminal = [process.stdout, process.stderr].find((stream) => stream.isTTY);
  return terminal && { rows: terminal.rows, columns: terminal.columns };
}

function onSignal(listener: (signal: string) => void): Disposable {
  const handlers = proxied.map((name) => [`SIG${name}`, () => listener(name)] as const);
  for (const [signal, handler] of handlers) process.on(signal as NodeJS.Signals, handler);
  return {
    dispose: () => {
      for (const [signal, handler] of handlers) process.off(signal as NodeJS.Signals, handler);
    },
  };
}

/** Reads only when it is pulled: what the CLI does not ask for stays with the terminal or the pipe. */
function readableOf(input: Readable): ReadableStream<Uint8Array> {
  let iterator: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        iterator ??= input[Symbol.asyncIterator]();
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(new Uint8Array(value));
      },
      cancel: async () => {
        input.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}

function writableOf(output: Writable): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    write: (chunk) =>
      new Promise((resolve, reject) => {
        output.write(chunk, (error) => (error ? reject(error) : resolve()));
      }),
  });
}

/** The files of this machine with this process's rights. */
const processFiles: CliFiles = {
  read: async (path, limit) => {
    const file = await open(path, "r");
    try {
      if (limit === undefined) return new Uint8Array(await file.readFile());
      const parts: Uint8Array[] = [];
      for await (const part of createReadStream("", { fd: file.fd, autoClose: false, end: limit - 1 }))
        parts.push(part);
      return new Uint8Array(Buffer.concat(parts));
    } finally {
      await file.close();
    }
  },
  write: async (path, bytes, mode) => await writeFile(path, bytes, mode === undefined ? {} : { mode }),
  stat: async (path) => {
    const found = await lstat(path);
    return { kind: kindOf(found), size: found.size, mode: found.mode & 0o7777, modified: found.mtime };
  },
  readDir: async (path) => await readdir(path),
  mkdir: async (path, mode) => {
    await mkdir(path, mode === undefined ? {} : { mode });
  },
  readLink: async (path) => await readlink(path),
  remove: async (path) => await rm(path, { recursive: true }),
};

function kindOf(found: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): FileStat["kind"] {
  if (found.isFile()) return "file";
  if (found.isDirectory()) return "directory";
  return found.isSymbolicLink() ? "symlink" : "other";
}
