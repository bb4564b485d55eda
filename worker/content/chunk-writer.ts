import { invalidParameter, system } from "../errdefs/errors.ts";

/** Where a ChunkWriter keeps full chunks. Chunk `index` holds the bytes from `index * chunkSize`. */
export interface ChunkSink {
  put(index: number, chunk: Uint8Array): Promise<void>;
  get(index: number): Promise<Uint8Array>;
}

/** Cuts what is written into chunks of one size, and patches bytes in the chunk that holds them. */
export class ChunkWriter {
  readonly #sink: ChunkSink;
  readonly #chunkSize: number;
  readonly #tail: Uint8Array;
  #size = 0;

  constructor(sink: ChunkSink, chunkSize: number) {
    this.#sink = sink;
    this.#chunkSize = chunkSize;
    this.#tail = new Uint8Array(chunkSize);
  }

  /** Bytes written. */
  get size(): number {
    return this.#size;
  }

  /** The last chunk, which is not full and was not put: empty when the size is a multiple of the chunk size. */
  get tail(): { readonly index: number; readonly bytes: Uint8Array } {
    const index = Math.floor(this.#size / this.#chunkSize);
    return { index, bytes: this.#tail.slice(0, this.#size - index * this.#chunkSize) };
  }

  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      const filled = this.#size % this.#chunkSize;
      const taken = Math.min(rest.length, this.#chunkSize - filled);
      this.#tail.set(rest.subarray(0, taken), filled);
      if (filled + taken === this.#chunkSize) {
        await this.#sink.put(Math.floor(this.#size / this.#chunkSize), this.#tail.slice());
      }
      this.#size += taken;
      rest = rest.subarray(taken);
    }
  }

  async patch(offset: number, bytes: Uint8Array): Promise<void> {
    checkPatch(offset, bytes.length, this.#size);
    let at = offset;
    let rest = bytes;
    while (rest.length > 0) {
      const index = Math.floor(at / this.#chunkSize);
      const within = at - index * this.#chunkSize;
      const taken = Math.min(rest.length, this.#chunkSize - within);
      await this.#patchChunk(index, within, rest.subarray(0, taken));
      at += taken;
      rest = rest.subarray(taken);
    }
  }

  async #patchChunk(index: number, within: number, bytes: Uint8Array): Promise<void> {
    if (index === Math.floor(this.#size / this.#chunkSize)) {
      this.#tail.set(bytes, within);
      return;
    }
    const chunk = (await this.#sink.get(index)).slice();
    chunk.set(bytes, within);
    await this.#sink.put(index, chunk);
  }
}

/** Only bytes that were written can be patched. */
export function checkPatch(offset: number, length: number, size: number): void {
  if (offset < 0 || offset + length > size) {
    throw invalidParameter(`cannot patch ${length} bytes at ${offset}: only ${size} were written`);
  }
}

/** Copies the bytes from `offset` out of the chunks that hold them. Short at the end of the file. */
export async function readChunks(
  file: { readonly size: number; readonly chunkSize: number },
  offset: number,
  length: number,
  get: (index: number) => Promise<Uint8Array> | Uint8Array,
): Promise<Uint8Array> {
  const end = Math.min(file.size, offset + length);
  const result = new Uint8Array(Math.max(0, end - offset));
  for (let at = offset; at < end; ) {
    const index = Math.floor(at / file.chunkSize);
    const chunk = await get(index);
    const within = at - index * file.chunkSize;
    const taken = Math.min(end - at, chunk.length - within);
    if (taken <= 0) throw system(`chunk ${index} of a stored file is short`);
    result.set(chunk.subarray(within, within + taken), at - offset);
    at += taken;
  }
  return result;
}
