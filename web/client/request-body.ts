import { concatBytes } from "../../worker/internal/bytes.ts";

/** Reads a body that is likely to be small. `rest` is there when it is longer than `limit` bytes: it follows `bytes`. */
export async function readUpTo(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<{ readonly bytes: Uint8Array; readonly rest?: ReadableStream<Uint8Array> }> {
  if (!body) return { bytes: new Uint8Array(0) };
  const reader = body.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (let result = await reader.read(); !result.done; result = await reader.read()) {
    pieces.push(result.value);
    size += result.value.length;
    if (size > limit) {
      reader.releaseLock();
      return { bytes: concatBytes(pieces), rest: body };
    }
  }
  return { bytes: concatBytes(pieces) };
}

export function beginsWith(bytes: Uint8Array, rest: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return rest.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({ start: (controller) => controller.enqueue(bytes) }),
  );
}
