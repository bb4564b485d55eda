import { toldElsewhere } from "../internal/failures.ts";

/**
 * Docker's framing of stdout and stderr on one connection (API operation ContainerAttach): a head of 8 bytes, {stream, 0, 0, 0,
 * size as big-endian uint32}, then the payload.
 */
const stdcopyStreams = { stdin: 0, stdout: 1, stderr: 2, systemerr: 3 } as const;

export function stdcopyFrame(stream: "stdout" | "stderr", payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(8 + payload.length);
  frame[0] = stdcopyStreams[stream];
  new DataView(frame.buffer).setUint32(4, payload.length);
  frame.set(payload, 8);
  return frame;
}

/**
 * Merges both streams into one, framed, in the order of arrival. A chunk is taken once the one before it was: a slow client holds
 * the process back. Ends when both have ended; fails when one fails; cancelling it cancels both.
 */
export function multiplex(streams: {
  readonly stdout?: ReadableStream<Uint8Array>;
  readonly stderr?: ReadableStream<Uint8Array>;
}): ReadableStream<Uint8Array> {
  const merged = new TransformStream<Uint8Array, Uint8Array>();
  const writer = merged.writable.getWriter();
  const readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  const pump = async (stream: "stdout" | "stderr", readable: ReadableStream<Uint8Array>): Promise<void> => {
    const reader = readable.getReader();
    readers.push(reader);
    for (let result = await reader.read(); !result.done; result = await reader.read()) {
      if (result.value.length > 0) await writer.write(stdcopyFrame(stream, result.value));
    }
  };
  const pumps: Promise<void>[] = [];
  if (streams.stdout) pumps.push(pump("stdout", streams.stdout));
  if (streams.stderr) pumps.push(pump("stderr", streams.stderr));
  toldElsewhere(
    Promise.all(pumps).then(
      () => writer.close(),
      (error: unknown) => writer.abort(error),
    ),
  );
  writer.closed.catch((reason: unknown) => Promise.allSettled(readers.map((reader) => reader.cancel(reason))));
  return merged.readable;
}
