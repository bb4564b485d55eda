import { errorMessage, invalidParameter, isEngineError } from "../errdefs/errors.ts";
import { concatBytes } from "../internal/bytes.ts";
import { regardless } from "../internal/failures.ts";
import type { Decoder } from "./decoder.ts";
import { createGzipDecoder } from "./gzip.ts";
import { createZstdDecoder } from "./zstd.ts";

export type Compression = "none" | "gzip" | "zstd";

/** Bounds for what a compressed stream may become. */
export interface DecompressOptions {
  /** Bytes that may come out; the first beyond is an error. */
  readonly maxBytes: number;
  /** Bytes that may come out for each byte that went in (DEFLATE cannot pass 1032, zstd can). Counted from 16 MiB on. */
  readonly maxRatio?: number;
  /**
   * Lets the environment's own decoder do gzip, several times as fast. It may refuse streams that are sound (Chromium's stops
   * at a second member), so use it where the result is verified and a failure leads to another try without it.
   */
  readonly native?: boolean;
  readonly signal?: AbortSignal;
}

const detectBytes = 10;
const defaultRatio = 4096;
const ratioFloor = 16 * 1024 * 1024;
/** Input is decoded in pieces of this size, so that one piece cannot become more than about 16 MiB at once. */
const pieceSize = 16 * 1024;

/** What a stream that starts with these bytes is, by its magic number; anything unknown is taken as it is. */
export function detectCompression(start: Uint8Array): Compression {
  const [a, b, c, d] = start;
  if (a === 0x1f && b === 0x8b && c === 0x08) return "gzip";
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return "zstd";
  if (a !== undefined && a >> 4 === 5 && b === 0x2a && c === 0x4d && d === 0x18) return "zstd";
  return "none";
}

const unsupported: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/**
 * Decodes a stream that is gzip, zstd or plain, whichever its first bytes say. Yields chunks that the consumer may keep.
 * Throws `InvalidParameter` when the stream is corrupt, ends early or passes a bound, and the signal's reason on abort.
 * Ending the iteration cancels the source.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
  options: DecompressOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const bounds = new Bounds(options);
  // Ends a read that is under way when nobody wants its result any more.
  const stop = new AbortController();
  const chunks = chunksOf(source, options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal);
  try {
    const start = await readStart(chunks);
    if (options.native && detectCompression(start) === "gzip")
      yield* nativeGunzip(start, chunks, bounds, options.signal);
    else yield* portable(start, chunks, bounds);
  } finally {
    stop.abort();
    await regardless(chunks.return());
  }
}

/** Reads until the format can be told. */
async function readStart(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let start: Uint8Array = new Uint8Array(0);
  while (start.length < detectBytes) {
    const next = await chunks.next();
    if (next.done) break;
    start = concatBytes([start, next.value]);
  }
  return start;
}

async function* portable(
  start: Uint8Array,
  chunks: AsyncIterable<Uint8Array>,
  bounds: Bounds,
): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = await decoderFor(start);
  yield* decode(decoder, start, bounds);
  for await (const chunk of chunks) yield* decode(decoder, chunk, bounds);
  const last: Uint8Array[] = [];
  decoder?.finish((bytes) => {
    bounds.out(bytes.length);
    last.push(bytes);
  });
  yield* last;
}

async function* nativeGunzip(
  start: Uint8Array,
  chunks: AsyncIterator<Uint8Array>,
  bounds: Bounds,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sourceError: unknown;
  let pending: Uint8Array | undefined = start;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      let next: IteratorResult<Uint8Array, unknown>;
      try {
        next = pending ? { value: pending } : await chunks.next();
      } catch (error) {
        sourceError = error;
        throw error;
      }
      pending = undefined;
      // Both throw when the decoder has given up meanwhile, which is no failure of the source.
      if (next.done) return controller.close();
      bounds.in(next.value.length);
      // The decoder may hand its input to another thread: it gets bytes of its own.
      controller.enqueue(next.value.slice());
    },
  });
  try {
    for await (const chunk of chunksOf(source.pipeThrough(new DecompressionStream("gzip")), signal)) {
      bounds.out(chunk.length);
      yield chunk;
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (sourceError) throw sourceError;
    throw isEngineError(error) ? error : invalidParameter(`gzip: ${errorMessage(error)}`, { cause: error });
  }
}

/** `decompress` as a stream, for those that need one. */
export function decompressed(
  source: ReadableStream<Uint8Array>,
  options: DecompressOptions,
): ReadableStream<Uint8Array> {
  const chunks = decompress(source, options);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );
}

function* decode(decoder: Decoder | undefined, input: Uint8Array, bounds: Bounds): Generator<Uint8Array> {
  if (!decoder) {
    bounds.in(input.length);
    bounds.out(input.length);
    if (input.length > 0) yield input;
    return;
  }
  for (let at = 0; at < input.length; at += pieceSize) {
    const piece = input.subarray(at, at + pieceSize);
    const decoded: Uint8Array[] = [];
    bounds.in(piece.length);
    decoder.push(piece, (bytes) => {
      bounds.out(bytes.length);
      decoded.push(bytes);
    });
    yield* decoded;
  }
}

async function decoderFor(start: Uint8Array): Promise<Decoder | undefined> {
  for (const [name, magic] of unsupported) {
    if (magic.every((byte, index) => start[index] === byte)) {
      throw invalidParameter(`Cannot decompress a layer: expected gzip, zstd or an uncompressed tar, got ${name}`);
    }
  }
  const compression = detectCompression(start);
  if (compression === "gzip") return createGzipDecoder();
  return compression === "zstd" ? createZstdDecoder() : undefined;
}

class Bounds {
  readonly #maxBytes: number;
  readonly #maxRatio: number;
  #in = 0;
  #out = 0;

  constructor(options: DecompressOptions) {
    this.#maxBytes = options.maxBytes;
    this.#maxRatio = options.maxRatio ?? defaultRatio;
  }

  in(bytes: number): void {
    this.#in += bytes;
  }

  out(bytes: number): void {
    this.#out += bytes;
    if (this.#out > this.#maxBytes) {
      throw invalidParameter(`decompressed content is too large: expected at most ${this.#maxBytes} bytes`);
    }
    if (this.#out > ratioFloor && this.#out > this.#in * this.#maxRatio) {
      throw invalidParameter(`decompression bomb: more than ${this.#maxRatio} bytes for each compressed byte`);
    }
  }
}

/** The chunks of a stream; works where a ReadableStream cannot be iterated, too. Leaving the loop cancels the stream. */
async function* chunksOf(
  source: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!("getReader" in source)) {
    for await (const chunk of source) {
      signal?.throwIfAborted();
      yield chunk;
    }
    return;
  }
  const reader = source.getReader();
  const stop = () => void regardless(reader.cancel(signal?.reason));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    while (true) {
      signal?.throwIfAborted();
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    await regardless(reader.cancel());
  }
}
