import { regardless } from "../internal/failures.ts";
/**
 * Lets `for await (const piece of stream)` work where the browser's ReadableStream has no iterator yet, as WebKit's has
 * none. As in the Streams standard, leaving the loop early cancels the stream.
 */
export function makeStreamsIterable(): void {
  if (Symbol.asyncIterator in ReadableStream.prototype) return;
  Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, {
    value: pieces,
    configurable: true,
    writable: true,
  });
}

async function* pieces<T>(this: ReadableStream<T>): AsyncGenerator<T> {
  const reader = this.getReader();
  try {
    for (let result = await reader.read(); !result.done; result = await reader.read()) yield result.value;
  } finally {
    await regardless(reader.cancel());
    reader.releaseLock();
  }
}
