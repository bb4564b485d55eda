import type { UpgradedConnection } from "./engine-api.ts";
import { multiplex } from "./stdcopy.ts";
import type { AttachedStreams } from "./types/backend.ts";
import { type ApiVersion, isBefore } from "./version.ts";

export const rawStream = "application/vnd.docker.raw-stream";
const multiplexedStream = "application/vnd.docker.multiplexed-stream";

/** What Docker says about the bytes that follow. Before 1.42 framed output is called raw too. */
export function streamContentType(tty: boolean, version: ApiVersion): string {
  return tty || isBefore(version, 42) ? rawStream : multiplexedStream;
}

/** Makes the client's end of a container's or exec's streams. */
export function upgradedConnection(streams: AttachedStreams, version: ApiVersion): UpgradedConnection {
  return {
    contentType: streamContentType(streams.tty, version),
    readable: streams.tty ? (streams.stdout ?? emptyStream()) : multiplex(streams),
    writable: streams.stdin ?? discard(),
  };
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

function discard(): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({ write: () => undefined });
}
