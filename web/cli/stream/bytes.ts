import { regardless } from "../../../worker/internal/failures.ts";
/** Reads a stream chunk by chunk; leaving the loop early cancels it. */
export async function* chunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        finished = true;
        return;
      }
      yield value;
    }
  } catch (error) {
    finished = true;
    throw error;
  } finally {
    if (!finished) await regardless(reader.cancel());
    reader.releaseLock();
  }
}

/** Longest line of JSON that an engine may send, in characters. */
const lineLimit = 16 << 20;

/** The lines of a stream that are not empty; what the engine sends as JSON has one value a line. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of chunks(stream)) {
    const found = (pending + decoder.decode(chunk, { stream: true })).split("\n");
    pending = found.pop() ?? "";
    if (pending.length > lineLimit) throw new Error("the engine sent a line that is too long");
    for (const line of found) if (line.trim() !== "") yield line.trim();
  }
  if (pending.trim() !== "") yield pending.trim();
}

/** The JSON values of a stream that holds one a line. */
export async function* jsonValues<T>(stream: ReadableStream<Uint8Array>): AsyncGenerator<T, void> {
  for await (const line of lines(stream)) yield JSON.parse(line) as T;
}
