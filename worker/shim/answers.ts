import type { WireReader } from "../internal/wire/fields.ts";
import { ProtocolError } from "../internal/wire/frames.ts";
import type { ExitStatus, GuestInfo } from "./guest.ts";
import { GUEST_WINDOW_MAX } from "./protocol.ts";

const SIGNAL_MAX = 64;
const KERNEL_NAME_MAX = 256;

export interface HelloAnswer {
  readonly info: GuestInfo;
  readonly guestWindow: number;
}

export function decodeHello(body: WireReader): HelloAnswer {
  const protocol = body.u32();
  const guestWindow = body.u32();
  if (guestWindow > GUEST_WINDOW_MAX) throw new ProtocolError(`window of ${guestWindow} bytes`);
  const memory = body.u64();
  const kernel = body.restAsText();
  if (kernel.length > KERNEL_NAME_MAX) throw new ProtocolError("kernel's name too long");
  return { info: { protocol, kernel, memory }, guestWindow };
}

export function decodePid(body: WireReader): number {
  const pid = body.i32();
  body.end();
  if (pid <= 0) throw new ProtocolError(`pid ${pid}`);
  return pid;
}

export function decodeRuntimeFailed(body: WireReader): { readonly exitCode: number; readonly message: string } {
  return { exitCode: body.u32(), message: body.restAsText() };
}

export function decodeUsage(body: WireReader): { readonly size: number; readonly inodes: number } {
  const usage = { size: body.u64(), inodes: body.u64() };
  body.end();
  return usage;
}

export function decodeExit(body: WireReader): ExitStatus {
  const code = body.u32();
  const signal = body.u32();
  const at = body.time();
  body.end();
  if (code > 255 || signal > SIGNAL_MAX) throw new ProtocolError(`exit with code ${code}, signal ${signal}`);
  return signal === 0 ? { code, at } : { code: 128 + signal, signal, at };
}

export interface Accepted {
  readonly listener: number;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export function decodeAccept(body: WireReader): Accepted {
  const accepted = { listener: body.u32(), pid: body.i32(), uid: body.u32(), gid: body.u32() };
  body.end();
  return accepted;
}
