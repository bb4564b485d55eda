import { WireWriter } from "../internal/wire/fields.ts";
import type { SpawnOptions, TerminalSize } from "./guest.ts";
import { HOST_WINDOW, PROTOCOL_VERSION, SpawnFlag } from "./protocol.ts";

/** How the guest mounts the host's files. */
export interface HostMount {
  readonly type: string;
  readonly source: string;
  readonly data: string;
}

export interface Hello {
  readonly now: Date;
  readonly entropy: Uint8Array;
  /** Nothing is mounted without it. */
  readonly files?: HostMount;
}

const defaultEnv = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"];

export function encodeHello(hello: Hello): Uint8Array {
  return new WireWriter()
    .u32(PROTOCOL_VERSION)
    .u32(HOST_WINDOW)
    .time(hello.now)
    .bytes(hello.entropy)
    .string(hello.files?.type ?? "")
    .string(hello.files?.source ?? "")
    .string(hello.files?.data ?? "")
    .finish();
}

/** Ids of the streams of a process; 0 for a stream that it does not have. */
export interface SpawnStreams {
  readonly stdio: number;
  readonly stderr: number;
}

export function encodeSpawn(options: SpawnOptions, streams: SpawnStreams): Uint8Array {
  return new WireWriter(1024)
    .u32(spawnFlags(options))
    .u32(streams.stdio)
    .u32(streams.stderr)
    .u16(options.size?.rows ?? 0)
    .u16(options.size?.columns ?? 0)
    .string(options.cwd ?? "/")
    .string(options.tty?.via === "console-socket" ? options.tty.path : "")
    .string(options.adopt?.pidFile ?? "")
    .string(options.adopt?.errorLog ?? "")
    .strings(options.argv)
    .strings(options.env ?? defaultEnv)
    .finish();
}

function spawnFlags(options: SpawnOptions): number {
  const adopt = options.adopt ? SpawnFlag.ADOPT : 0;
  if (options.tty) return adopt | (options.tty.via === "own" ? SpawnFlag.TTY : SpawnFlag.CONSOLE_SOCKET);
  return (
    adopt |
    (options.stdin ? SpawnFlag.STDIN : 0) |
    (options.stdout ? SpawnFlag.STDOUT : 0) |
    (options.stderr ? SpawnFlag.STDERR : 0)
  );
}

export function encodePath(path: string): Uint8Array {
  return new WireWriter().string(path).finish();
}

export function encodeReadFile(path: string, limit: number, root: string): Uint8Array {
  return new WireWriter().u32(limit).string(root).string(path).finish();
}

/** Either a process of this session, or (`process` 0) any pid. */
export function encodeKill(process: number, pid: number, signal: number): Uint8Array {
  return new WireWriter(12).u32(process).u32(pid).u32(signal).finish();
}

export function encodeResize(process: number, size: TerminalSize): Uint8Array {
  return new WireWriter(8).u32(process).u16(size.rows).u16(size.columns).finish();
}

export function encodeListen(path: string, mode: number): Uint8Array {
  return new WireWriter().u32(mode).string(path).finish();
}

export function encodeUnlisten(listener: number): Uint8Array {
  return new WireWriter(4).u32(listener).finish();
}

export function encodeTime(now: Date): Uint8Array {
  return new WireWriter(12).time(now).finish();
}
