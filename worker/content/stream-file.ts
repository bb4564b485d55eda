import type { RandomAccess } from "../internal/random-access.ts";

const pieceSize = 256 * 1024;

/** Reads a file piece by piece, as fast as the reader takes it. An aborted signal fails the stream with its reason. */
export function streamFile(
  file: RandomAccess,
  options: { readonly offset?: number; readonly signal?: AbortSignal } = {},
): ReadableStream<Uint8Array> {
  let offset = options.offset ?? 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        options.signal?.throwIfAborted();
        const length = Math.min(pieceSize, file.size - offset);
        if (length <= 0) {
          controller.close();
          return;
        }
        const piece = await file.readAt(offset, length);
        if (piece.length === 0) throw new Error("the file ended before its size");
        offset += piece.length;
        controller.enqueue(piece);
      },
    },
    { highWaterMark: 1 },
  );
}
