/** Bytes of a connection, read by line, by count or as they come. One read is under way at a time. */
export class ByteReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #buffer: Uint8Array = new Uint8Array(0);
  #pending: Promise<boolean> | undefined;

  constructor(readable: ReadableStream<Uint8Array>) {
    this.#reader = readable.getReader();
  }

  get buffered(): number {
    return this.#buffer.length;
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
    if (this.#buffer.length === 0 && !(await this.fill())) return undefined;
    return this.#cut(Math.min(limit, this.#buffer.length));
  }

  /** Everything up to `end`, which is taken too. Undefined at the end of the connection; `overflow` when `limit` bytes hold no `end`. */
  async takeUntil(end: string, limit: number): Promise<Uint8Array | undefined | "overflow"> {
    const mark = new TextEncoder().encode(end);
    let from = 0;
    for (;;) {
      const at = indexOf(this.#buffer, mark, from);
      if (at >= 0 && at <= limit) {
        const found = this.#cut(at);
        this.#cut(mark.length);
        return found;
      }
      if (at >= 0 || this.#buffer.length > limit) return "overflow";
      from = Math.max(0, this.#buffer.length - mark.length + 1);
      if (!(await this.fill())) return undefined;
    }
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#reader.cancel(reason);
  }

  async #read(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (done) return false;
    if (this.#buffer.length === 0) {
      this.#buffer = value;
    } else {
      const joined = new Uint8Array(this.#buffer.length + value.length);
      joined.set(this.#buffer);
      joined.set(value, this.#buffer.length);
      this.#buffer = joined;
    }
    return true;
  }

  #cut(count: number): Uint8Array {
    const bytes = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return bytes;
  }
}

function indexOf(bytes: Uint8Array, mark: Uint8Array, from: number): number {
  const first = mark[0] ?? 0;
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (at + mark.length > bytes.length) return -1;
    if (mark.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}
