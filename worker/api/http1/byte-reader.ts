import { ByteQueue } from "../../internal/byte-queue.ts";

/** Bytes of a connection, read by line, by count or as they come. One read is under way at a time. */
export class ByteReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #held = new ByteQueue();
  #pending: Promise<boolean> | undefined;

  constructor(readable: ReadableStream<Uint8Array>) {
    this.#reader = readable.getReader();
  }

  get buffered(): number {
    return this.#held.length;
  }

  /** Waits for more bytes and keeps them; false at the end. Rejects when the connection broke. */
  fill(): Promise<boolean> {
    this.#pending ??= this.#read().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** Up to `limit` bytes, at least one; undefined at the end. */
  async take(limit: number): Promise<Uint8Array | undefined> {
    if (this.#held.length === 0 && !(await this.fill())) return undefined;
    return this.#held.cut(limit);
  }

  /**
   * Everything up to the first of `ends`, which is taken too. Undefined at the end of the connection; `overflow` when `limit`
   * bytes hold none.
   */
  async takeUntil(ends: readonly string[], limit: number): Promise<Uint8Array | undefined | "overflow"> {
    const marks = ends.map((end) => new TextEncoder().encode(end));
    const longest = Math.max(...marks.map(({ length }) => length));
    let from = 0;
    for (;;) {
      const { at, length } = firstOf(this.#held.bytes, marks, from);
      if (at <= limit) {
        const found = this.#held.cut(at);
        this.#held.cut(length);
        return found;
      }
      if (at < Number.POSITIVE_INFINITY || this.#held.length > limit) return "overflow";
      from = Math.max(0, this.#held.length - longest + 1);
      if (!(await this.fill())) return undefined;
    }
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#reader.cancel(reason);
  }

  async #read(): Promise<boolean> {
    const before = this.#held.length;
    while (this.#held.length === before) {
      const { done, value } = await this.#reader.read();
      if (done) return false;
      this.#held.push(value);
    }
    return true;
  }
}

/** Where the first of the marks is, and which; infinity where there is none. */
function firstOf(bytes: Uint8Array, marks: readonly Uint8Array[], from: number): { at: number; length: number } {
  let first = { at: Number.POSITIVE_INFINITY, length: 0 };
  for (const mark of marks) {
    const at = indexOf(bytes, mark, from);
    if (at >= 0 && at < first.at) first = { at, length: mark.length };
  }
  return first;
}

function indexOf(bytes: Uint8Array, mark: Uint8Array, from: number): number {
  const first = mark[0] ?? 0;
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (at + mark.length > bytes.length) return -1;
    if (mark.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}
