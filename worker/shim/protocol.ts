/** Numbers of the agent protocol: kernel-image/protocol.md explains them, kernel-image/agent/protocol.h is the other side. */
export const PROTOCOL_VERSION = 3;
/** Bytes that the guest may have on the way to one reader here. */
export const HOST_WINDOW = 262_144;
/** No guest has a larger window for a stream. */
export const GUEST_WINDOW_MAX = 1 << 24;
/** Streams that guest processes may have opened through listeners at one time. */
export const ACCEPTED_MAX = 256;
/** Streams opened by the guest have ids from here on; all other ids are given by the host. */
export const GUEST_STREAMS = 0x8000_0000;

export const FrameType = {
  HELLO: 1,
  BATCH: 2,
  READFILE: 3,
  READDIR: 4,
  USAGE: 5,
  SPAWN: 6,
  KILL: 7,
  RESIZE: 8,
  LISTEN: 9,
  UNLISTEN: 10,
  SETTIME: 11,
  QUIESCE: 12,
  PING: 13,
  READY: 32,
  RESULT: 33,
  EXIT: 34,
  ACCEPT: 35,
  DATA: 64,
  CREDIT: 65,
  END: 66,
  STOP: 67,
} as const;

/** RESULT of SPAWN: the runtime exited with an error. */
export const FLAG_RUNTIME_FAILED = 2;

export type SendFrame = (type: number, id: number, payload?: Uint8Array, flags?: number) => void;

export const BatchOp = {
  MKDIR: 1,
  WRITE: 2,
  APPEND: 3,
  SYMLINK: 4,
  REMOVE: 6,
  MOUNT: 8,
  UNMOUNT: 9,
  COPY: 10,
  BIND: 11,
} as const;

export const REMOVE_RECURSIVE = 1;
export const MISSING_OK = 1;
export const REMOVE_MISSING_OK = 2;
export const BIND_MAKE = 1;

export const SpawnFlag = {
  STDIN: 1,
  STDOUT: 2,
  STDERR: 4,
  TTY: 8,
  CONSOLE_SOCKET: 16,
  ADOPT: 32,
} as const;
