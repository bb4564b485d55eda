import { decompress } from "../archive/compression.ts";
import { type CreateSha256, createSha256 } from "../archive/sha256.ts";
import type { ChunkedFiles } from "../content/files.ts";
import { invalidParameter, isEngineError, notFound } from "../errdefs/errors.ts";
import type { RandomAccess } from "../internal/random-access.ts";
import type { Digest } from "../oci/digest.ts";
import { writeLayer } from "./layer-writer.ts";
import { SharedWork } from "./shared-work.ts";

/** Counts up with every change to what the writer makes of a layer: images of another version are made anew. */
const formatVersion = 2;
const folder = "layers/";
const labelSize = 1024;
const defaultMaxBytes = 64 * 1024 ** 3;

export interface LayerInfo {
  readonly diffId: Digest;
  /** Bytes of the layer's files, which is what Docker calls its size. */
  readonly contentSize: number;
  /** Bytes of the image. */
  readonly imageSize: number;
}

export interface EnsureOptions {
  /** The digest of the uncompressed archive, as the image's config states it. */
  readonly diffId: Digest;
  /** Opens the layer's blob. Not called when the image is there; called again when the faster of two decoders fails. */
  readonly open: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  /** Bytes that the uncompressed archive may have. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  /** Bytes of the blob that were read so far. */
  readonly onProgress?: (done: number) => void;
}

export interface LayerImagesComponents {
  readonly files: ChunkedFiles;
  readonly createSha256?: CreateSha256;
}

/**
 * The EROFS images of layers: a cache, derived from the blobs and keyed by diff-id, that can be thrown away and made
 * again. An image is visible only once it is whole and the archive it came from had the right digest.
 */
export class LayerImages {
  readonly #files: ChunkedFiles;
  readonly #createSha256: CreateSha256;
  readonly #work = new SharedWork<Digest, LayerInfo>();

  constructor(components: LayerImagesComponents) {
    this.#files = components.files;
    this.#createSha256 = components.createSha256 ?? createSha256;
  }

  /**
   * Makes the image of a layer unless it is there. Callers who want the same one share the work; it is dropped when the
   * last of them aborts. Rejects with `InvalidParameter` when the blob is corrupt, passes a bound, leaves its tree or is
   * not the layer that `diffId` names, and with whatever `open` and the files reject with.
   */
  async ensure(options: EnsureOptions): Promise<LayerInfo> {
    return this.#work.run(options.diffId, options.signal, options.onProgress, async (signal, progress) => {
      // One that can't be read is made anew from its blob, as one that does not explain itself.
      const existing = await this.info(options.diffId).catch(() => undefined);
      return existing ?? this.#make(options, signal, progress);
    });
  }

  /** Whatever the environment's own decoder makes of a blob is verified; only the portable one may say that it is bad. */
  async #make(options: EnsureOptions, signal: AbortSignal, progress: (done: number) => void): Promise<LayerInfo> {
    try {
      return await this.#write(options, signal, progress, "native");
    } catch (error) {
      if (signal.aborted || !isEngineError(error, "InvalidParameter")) throw error;
      return await this.#write(options, signal, progress, "portable");
    }
  }

  /** What is known of an image, or undefined when there is none. */
  async info(diffId: Digest): Promise<LayerInfo | undefined> {
    const file = await this.#files.open(fileName(diffId));
    if (!file) return undefined;
    try {
      return readLabel(await file.readAt(0, labelSize), diffId, file.size);
    } finally {
      await file.close();
    }
  }

  /** The image as a file to be published to the guest. Rejects with `NotFound`. */
  async open(diffId: Digest): Promise<RandomAccess & { close(): Promise<void> }> {
    const file = await this.#files.open(fileName(diffId));
    if (!file) throw notFound(`layer ${diffId} is not unpacked`);
    return file;
  }

  async remove(diffId: Digest): Promise<void> {
    await this.#files.remove(fileName(diffId));
  }

  /** The layers that have an image. */
  async list(): Promise<readonly Digest[]> {
    const found: Digest[] = [];
    for (const file of await this.#files.list(folder)) {
      const diffId = diffIdOf(file.name);
      if (diffId) found.push(diffId);
    }
    return found;
  }

  /** Removes images that another version of the writer made. */
  async sweep(): Promise<void> {
    for (const file of await this.#files.list(folder)) {
      if (!diffIdOf(file.name)) await this.#files.remove(file.name);
    }
  }

  async #write(
    options: EnsureOptions,
    signal: AbortSignal,
    progress: (done: number) => void,
    decoder: "native" | "portable",
  ): Promise<LayerInfo> {
    const { diffId } = options;
    const hash = await this.#createSha256();
    async function* hashed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    }
    signal.throwIfAborted();
    const blob = counted(await options.open(signal), progress);
    const tar = decompress(blob, {
      maxBytes: options.maxBytes ?? defaultMaxBytes,
      native: decoder === "native",
      signal,
    });
    const writer = await this.#files.create(fileName(diffId));
    try {
      const written = await writeLayer(hashed(tar), writer, ({ contentSize, imageSize }) => {
        const found = hash.digest();
        if (found !== diffId) throw invalidParameter(`layer verification failed: expected ${diffId}, got ${found}`);
        return writeLabel({ diffId, contentSize, imageSize });
      });
      signal.throwIfAborted();
      await writer.commit();
      return { diffId, contentSize: written.contentSize, imageSize: written.imageSize };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }
}

/** Short and unique: also the name under which the guest sees it. */
export function layerName(diffId: Digest): string {
  return `${diffId.slice("sha256:".length)}.v${formatVersion}.erofs`;
}

const fileName = (diffId: Digest) => `${folder}${layerName(diffId)}`;

function diffIdOf(name: string): Digest | undefined {
  const hex = /^layers\/([0-9a-f]{64})\.v([0-9]+)\.erofs$/.exec(name);
  return hex && Number(hex[2]) === formatVersion ? `sha256:${hex[1]}` : undefined;
}

/** The label lies in the bytes that EROFS leaves to boot loaders, so that an image explains itself. */
function writeLabel(label: LayerInfo): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(label));
}

function readLabel(bytes: Uint8Array, diffId: Digest, imageSize: number): LayerInfo | undefined {
  const end = bytes.indexOf(0);
  try {
    const label: Partial<LayerInfo> = JSON.parse(
      new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end)),
    );
    const { contentSize } = label;
    if (label.diffId !== diffId || contentSize === undefined) return undefined;
    // Cut off since then: the guest could not mount it.
    if (label.imageSize !== imageSize) return undefined;
    return { diffId, contentSize, imageSize };
  } catch {
    // Not ours, or damaged: made again.
    return undefined;
  }
}

function counted(stream: ReadableStream<Uint8Array>, progress: (done: number) => void): ReadableStream<Uint8Array> {
  let done = 0;
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        done += chunk.length;
        progress(done);
        controller.enqueue(chunk);
      },
    }),
  );
}
