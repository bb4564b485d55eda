import type { Digest } from "../oci/digest.ts";
import type { ContentStore } from "./store.ts";

/** Streams a blob, and closes it when the stream has ended, however it ends. Rejects with `NotFound`. */
export async function streamBlob(
  content: Pick<ContentStore, "open">,
  digest: Digest,
  signal?: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const file = await content.open(digest);
  const reader = file.stream(signal ? { signal } : {}).getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            controller.enqueue(value);
            return;
          }
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        await file.close();
      },
      async cancel(reason) {
        await reader.cancel(reason);
        await file.close();
      },
    },
    { highWaterMark: 0 },
  );
}
