import { type Frame, FrameReader } from "../../worker/internal/wire/frames.ts";

/** Numbers of the invocation protocol (kernel-image/protocol.md); kernel-image/docker/invocation.h is the other side. */
export const INVOCATION_VERSION = 1;

/** From the program. */
export const From = { START: 1, STRINGS: 2, STDIN: 3, STDIN_END: 4, SIGNAL: 5, SIZE: 6, RESULT: 7 } as const;
/** To the program; from RAW on they are requests, which it answers. */
export const To = {
  STDOUT: 32,
  STDERR: 33,
  WANT: 34,
  EXIT: 35,
  RAW: 64,
  READ: 65,
  WRITE: 66,
  APPEND: 67,
  STAT: 68,
  READDIR: 69,
  MKDIR: 70,
  READLINK: 71,
  REMOVE: 72,
} as const;

/** Cuts a byte stream into frames; holds at most one incomplete frame and one chunk. */
export async function* readFrames(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Frame, void, void> {
  const frames = new FrameReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const complete: Frame[] = [];
    frames.push(read.value, (frame) => complete.push(frame));
    yield* complete;
  }
}
