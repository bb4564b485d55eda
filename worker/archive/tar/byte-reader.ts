import { invalidParameter } from "../../errdefs/errors.ts";

/** Reads a stream of chunks in the portions that a format wants. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array, unknown, undefined>;
  #chunk: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Answers exactly `length` bytes, valid until the next call; undefined when the stream ended before the first. */
  async exactly(length: number): Promise<Uint8Array | undefined> {
    if (this.#chunk.length >= length) return this.#take(length);
    const bytes = new Uint8Array(length);
    let have = 0;
    while (have < length) {
      const some = await this.some(length - have);
      if (!some && have === 0) return undefined;
      if (!some) throw invalidParameter("unexpected EOF");
      bytes.set(some, have);
      have += some.length;
    }
    return bytes;
  }

  /** Answers 1 to `limit` bytes, valid until the next call, or undefined at the end. */
  async some(limit: number): Promise<Uint8Array | undefined> {
    while (this.#chunk.length === 0) {
      if (this.#ended) return undefined;
      const next = await this.#source.next();
      if (next.done) {
        this.#ended = true;
        return undefined;
      }
      this.#chunk = next.value;
    }
    return this.#take(Math.min(limit, this.#chunk.length));
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      const some = await this.some(left);
      if (!some) throw invalidParameter("unexpected EOF");
      left -= some.length;
    }
  }

  /** Ends the source. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#chunk = new Uint8Array(0);
    await this.#source.return?.();
  }

  #take(length: number): Uint8Array {
    const taken = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return taken;
  }
}
