import { connect, type Socket } from "node:net";
import type { Writable } from "node:stream";
import type { DuplexBytes } from "./streams.ts";

/** Bytes of the longest path that a unix socket can have on Linux (`sun_path` and its end). Node cuts off what is longer. */
export const maximumSocketPath = 107;

/** Whether anybody listens on a unix socket. */
export function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

/** Resolves when more may be written, or nothing more can be. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off("drain", go);
      stream.off("close", go);
      resolve();
    };
    stream.on("drain", go);
    stream.on("close", go);
  });
}

/** A socket as web streams that keep its two halves apart. The socket must have been made with `allowHalfOpen`. */
export function socketStreams(socket: Socket): DuplexBytes {
  socket.setNoDelay(true);
  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let open = true;
        socket.pause();
        socket.on("data", (bytes) => {
          if (open) controller.enqueue(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
          socket.pause();
        });
        const finish = (end: () => void) => {
          if (open) end();
          open = false;
        };
        socket.on("end", () => {
          finish(() => controller.close());
          noticeEnd(socket);
        });
        socket.on("error", (error) => finish(() => controller.error(error)));
        socket.on("close", () => finish(() => controller.error(new Error("the connection was closed"))));
      },
      pull() {
        socket.resume();
      },
      cancel() {
        socket.removeAllListeners("data");
        // After what is still to be sent has gone.
        socket.destroySoon();
      },
    },
    { highWaterMark: 0 },
  );
  return { readable, writable: socketWritable(socket) };
}

const noticeTime = 1000;

/**
 * A peer that sends no more and one that has gone look alike, until something is written: nothing, of which nothing comes. Only
 * where the kernel knows, as it does of a unix socket's peer.
 */
function noticeEnd(socket: Socket): void {
  const look = setInterval(() => {
    if (socket.writable && !socket.writableNeedDrain) socket.write(new Uint8Array());
  }, noticeTime);
  look.unref();
  socket.once("close", () => clearInterval(look));
}

function socketWritable(socket: Socket): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    start(controller) {
      socket.on("error", (error) => controller.error(error));
      socket.on("close", () => controller.error(new Error("the connection was closed")));
    },
    async write(bytes) {
      if (socket.destroyed) throw new Error("the connection was closed");
      if (socket.write(bytes)) return;
      await drained(socket);
    },
    close: () =>
      new Promise<void>((resolve) => {
        socket.end(() => resolve());
        socket.once("close", () => resolve());
      }),
    abort() {
      socket.destroy();
    },
  });
}
