import { WireWriter } from "../internal/wire/fields.ts";
import { FRAME_MAX } from "../internal/wire/frames.ts";
import { errnoName } from "./errno.ts";
import { GuestError, type GuestOperation } from "./guest.ts";
import { mountCalls } from "./mount-options.ts";
import { BatchOp, BIND_MAKE, MISSING_OK, REMOVE_MISSING_OK, REMOVE_RECURSIVE } from "./protocol.ts";

/** mount(2) cuts its data at a page without a word. */
const MOUNT_DATA_MAX = 4095;
const E2BIG = 7;
/** Longer contents are written in pieces, so that a frame holds at least one operation. */
const PIECE = FRAME_MAX - 8192;
const MNT_DETACH = 2;

/** One BATCH frame: its payload, and for each operation in it the index of the caller's operation that it belongs to. */
export interface BatchFrame {
  readonly payload: Uint8Array;
  readonly owners: readonly number[];
}

/** Encodes operations into as many frames as they need, in order. */
export function encodeBatch(operations: readonly GuestOperation[]): readonly BatchFrame[] {
  const frames: BatchFrame[] = [];
  let payload = new WireWriter(1024).u32(0);
  let owners: number[] = [];
  const flush = () => {
    payload.patchU32(0, owners.length);
    frames.push({ payload: payload.finish(), owners });
    payload = new WireWriter(1024).u32(0);
    owners = [];
  };
  for (const [index, operation] of operations.entries()) {
    for (const encoded of encodeOperation(operation)) {
      if (encoded.length + 4 > FRAME_MAX) throw new GuestError(E2BIG, errnoName(E2BIG), describeOperation(operation));
      if (owners.length > 0 && payload.length + encoded.length > FRAME_MAX) flush();
      payload.raw(encoded);
      owners.push(index);
    }
  }
  if (owners.length > 0) flush();
  return frames;
}

/** Such as `mount /a on /b`; the subject of an error. */
export function describeOperation(operation: GuestOperation): string {
  switch (operation.op) {
    case "symlink":
      return `symlink ${operation.target} at ${operation.path}`;
    case "copy":
      return `copy ${operation.from} to ${operation.to}`;
    case "mount":
      return `mount ${operation.source} on ${operation.target}`;
    case "bind":
      return `bind ${operation.source} of ${operation.root}`;
    case "unmount":
      return `unmount ${operation.target}`;
    default:
      return `${operation.op} ${operation.path}`;
  }
}

/** The wire operations of one operation. Large contents and mounts with several steps are more than one. */
function encodeOperation(operation: GuestOperation): readonly Uint8Array[] {
  switch (operation.op) {
    case "write":
      return [
        start(BatchOp.WRITE, operation.bytes).u32(operation.mode).bytes(operation.bytes.subarray(0, PIECE)),
        ...pieces(operation.bytes, PIECE),
      ].map((writer) => writer.string(operation.path).finish());
    case "append":
      return pieces(operation.bytes, 0).map((writer) => writer.string(operation.path).finish());
    case "mount":
      return encodeMount(operation);
    default:
      return [encodeSimple(operation).finish()];
  }
}

function encodeSimple(operation: Exclude<GuestOperation, { op: "write" | "append" | "mount" }>): WireWriter {
  switch (operation.op) {
    case "mkdir":
      return start(BatchOp.MKDIR)
        .u32(operation.mode)
        .u8(operation.parents ? 1 : 0)
        .string(operation.path);
    case "symlink":
      return start(BatchOp.SYMLINK).string(operation.target).string(operation.path);
    case "remove":
      return start(BatchOp.REMOVE)
        .u8((operation.recursive ? REMOVE_RECURSIVE : 0) | (operation.missingOk ? REMOVE_MISSING_OK : 0))
        .string(operation.path);
    case "unmount":
      return start(BatchOp.UNMOUNT)
        .u32(operation.lazy ? MNT_DETACH : 0)
        .u8(operation.missingOk ? MISSING_OK : 0)
        .string(operation.target);
    case "copy":
      return start(BatchOp.COPY)
        .u8(operation.missingOk ? MISSING_OK : 0)
        .string(operation.root ?? "")
        .string(operation.from)
        .string(operation.to);
    case "bind":
      return start(BatchOp.BIND)
        .u8(operation.make ? BIND_MAKE : 0)
        .string(operation.root)
        .string(operation.source)
        .string(operation.target ?? "");
  }
}

function encodeMount(operation: Extract<GuestOperation, { op: "mount" }>): readonly Uint8Array[] {
  return mountCalls(operation.source, operation.type, operation.options).map((call) => {
    if (call.data.length > MOUNT_DATA_MAX) throw new GuestError(E2BIG, errnoName(E2BIG), describeOperation(operation));
    return start(BatchOp.MOUNT)
      .u32(call.flags)
      .string(call.source)
      .string(call.type)
      .string(call.data)
      .string(operation.target)
      .finish();
  });
}

function pieces(bytes: Uint8Array, from: number): readonly WireWriter[] {
  const writers: WireWriter[] = [];
  for (let at = from; at < bytes.length || (at === 0 && bytes.length === 0); at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE);
    writers.push(start(BatchOp.APPEND, piece).bytes(piece));
    if (bytes.length === 0) break;
  }
  return writers;
}

function start(op: number, contents?: Uint8Array): WireWriter {
  return new WireWriter(128 + Math.min(contents?.length ?? 0, PIECE)).u8(op);
}
