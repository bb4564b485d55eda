import type { ByteReader } from "./byte-reader.ts";
import { BadRequest } from "./request-head.ts";

const pieceSize = 64 << 10;
const lineLimit = 1024;
const trailerLimit = 64;
const carriageReturn = 0x0d;

/** The body of one request: read by its handler, or drained after it. */
export class RequestBody {
  readonly #pieces: AsyncGenerator<Uint8Array>;
  /** Still to be called before the first byte is read: the client waits for it (`Expect: 100-continue`). */
  #invite: (() => Promise<void>) | undefined;
  ended = false;
  /** It was malformed or cut short: where the next request begins is not known. */
  broken = false;

  constructor(reader: ByteReader, length: number | "chunked", invite: (() => Promise<void>) | undefined) {
    this.#pieces = length === "chunked" ? chunks(reader) : counted(reader, length);
    this.#invite = invite;
    this.ended = length === 0;
  }

  async next(): Promise<Uint8Array | undefined> {
    if (this.ended) return undefined;
    const invite = this.#invite;
    this.#invite = undefined;
    await invite?.();
    try {
      const { done, value } = await this.#pieces.next();
      if (done) this.ended = !this.broken;
      return done ? undefined : value;
    } catch (error) {
      this.broken = true;
      throw error;
    }
  }

  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const piece = await this.next();
          if (piece) controller.enqueue(piece);
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Reads what a handler left so that the next request can follow; false when it can't, or when that is more than `limit` bytes. */
  async drain(limit: number): Promise<boolean> {
    // Never invited: the client may send it or not, so nothing after it can be told apart.
    if (!this.ended && this.#invite) return false;
    let rest = limit;
    try {
      for (let piece = await this.next(); piece; piece = await this.next()) {
        rest -= piece.length;
        if (rest < 0) return false;
      }
    } catch {
      // It was answered already: one more answer would be taken for the next request's.
      return false;
    }
    return this.ended;
  }
}

async function* counted(reader: ByteReader, length: number): AsyncGenerator<Uint8Array> {
  for (let rest = length; rest > 0; ) {
    const piece = await reader.take(Math.min(rest, pieceSize));
    if (!piece) throw new BadRequest(400, "unexpected EOF in the request body");
    rest -= piece.length;
    yield piece;
  }
}

async function* chunks(reader: ByteReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const size = /^([0-9a-f]{1,12})\s*(;.*)?$/i.exec(await line(reader))?.[1];
    if (size === undefined) throw new BadRequest(400, "malformed chunk");
    const length = Number.parseInt(size, 16);
    if (length === 0) break;
    yield* counted(reader, length);
    if ((await line(reader)) !== "") throw new BadRequest(400, "malformed chunk");
  }
  for (let count = 0; (await line(reader)) !== ""; count += 1) {
    if (count > trailerLimit) throw new BadRequest(400, "too many trailers");
  }
}

async function line(reader: ByteReader): Promise<string> {
  const bytes = await reader.takeUntil(["\n"], lineLimit);
  if (bytes === undefined || bytes === "overflow" || bytes.at(-1) !== carriageReturn)
    throw new BadRequest(400, "malformed chunk");
  return new TextDecoder("latin1").decode(bytes.subarray(0, -1));
}
