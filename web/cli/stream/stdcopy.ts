import { chunks } from "./bytes.ts";

/** Where the two streams of a container without a terminal go; a missing one is dropped. */
export interface StdcopySinks {
  readonly stdout?: { write(chunk: Uint8Array): Promise<void> } | undefined;
  readonly stderr?: { write(chunk: Uint8Array): Promise<void> } | undefined;
}

const headerLength = 8;

/**
 * Splits the engine's multiplexed stream: frames of a header (stream number, three zeros, length as big-endian uint32) and
 * their payload, which is passed on as it comes.
 * @throws Error for a frame of an unknown stream, or one in which the engine reports an error
 */
export async function demultiplex(source: ReadableStream<Uint8Array>, sinks: StdcopySinks): Promise<void> {
  const header = new Uint8Array(headerLength);
  let inHeader = 0;
  let left = 0;
  let failure: string | undefined;
  const decoder = new TextDecoder();
  for await (const chunk of chunks(source)) {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const part = chunk.subarray(at, at + headerLength - inHeader);
        header.set(part, inHeader);
        inHeader += part.length;
        at += part.length;
        if (inHeader < headerLength) break;
        left = new DataView(header.buffer).getUint32(4);
        inHeader = 0;
        continue;
      }
      const payload = chunk.subarray(at, at + left);
      at += payload.length;
      left -= payload.length;
      if (header[0] === 0 || header[0] === 1) await sinks.stdout?.write(payload);
      else if (header[0] === 2) await sinks.stderr?.write(payload);
      else if (header[0] === 3)
        failure = `${failure ?? ""}${decoder.decode(payload, { stream: true })}`.slice(0, 65_536);
      else throw new Error(`Unrecognized stream: ${header[0] ?? 0}`);
    }
  }
  if (failure !== undefined) throw new Error(`error from daemon in stream: ${failure}`);
}
