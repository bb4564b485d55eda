import type { JsonMessage, ProgressListener } from "../api/types/common.ts";
import type { ContentStore } from "../content/store.ts";
import { streamBlob } from "../content/stream-blob.ts";
import { fetchBlob } from "../distribution/fetch-blob.ts";
import type { Limits } from "../distribution/http.ts";
import type { Repository } from "../distribution/repository.ts";
import { errorMessage, invalidParameter, isEngineError, system } from "../errdefs/errors.ts";
import type { Clock } from "../internal/clock.ts";
import { regardless } from "../internal/failures.ts";
import { Lock } from "../internal/lock.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, shortId } from "../oci/digest.ts";
import type { SharedWork } from "../snapshots/shared-work.ts";
import type { LayerRecord } from "./image-record.ts";
import type { LayerUnpacker } from "./layer-unpacker.ts";
import { progressMeter } from "./progress-meter.ts";

export interface LayerPullOptions {
  readonly content: ContentStore;
  readonly layers: LayerUnpacker;
  readonly clock: Pick<Clock, "sleep">;
  readonly limits: Limits;
  readonly transfers: SharedWork<Digest, void>;
  readonly repository: Repository;
  /** Whether another image has this layer, unpacked from this blob. */
  readonly isKnown: (diffId: Digest, blob: Digest) => boolean;
  readonly onProgress: ProgressListener;
  /** Bytes that any layer may have unpacked, however small its blob is. */
  readonly unpackAllowance: number;
}

interface Layer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
}

/** `below` settles when the next lower layer has. */
interface Turn {
  readonly slots: Slots;
  readonly below: Promise<unknown>;
  readonly signal: AbortSignal;
}

/** No honest archive is denser than the densest that gzip can make. */
const maxRatio = 1100;

/** The layers of one image: transfers several at a time, unpacks one after the other, tells Docker's progress. */
export class LayerPull {
  readonly #options: LayerPullOptions;
  readonly #unpacking = new Lock();
  /** An image may have the same layer several times. */
  readonly #shared = new Map<string, Promise<LayerRecord>>();

  constructor(options: LayerPullOptions) {
    this.#options = options;
  }

  async run(layers: readonly Layer[], signal: AbortSignal | undefined): Promise<readonly LayerRecord[]> {
    const missing = await this.#announce(layers);
    const stop = new AbortController();
    const giveUp = () => stop.abort(signal?.reason);
    if (signal?.aborted) giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
    const slots = new Slots(this.#options.limits.parallelLayers);
    let below: Promise<unknown> = Promise.resolve();
    try {
      return await settled(
        layers.map((layer) => {
          const known = this.#shared.get(keyOf(layer));
          const record = known ?? this.#bring(layer, missing.has(layer), { slots, below, signal: stop.signal });
          this.#shared.set(keyOf(layer), record);
          below = regardless(record);
          return record;
        }),
        (reason) => stop.abort(reason),
      );
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Says of each layer whether it has to come, in order. */
  async #announce(layers: readonly Layer[]): Promise<ReadonlySet<Layer>> {
    const missing = new Set<Layer>();
    const seen = new Set<string>();
    for (const layer of layers) {
      if (seen.has(keyOf(layer))) continue;
      seen.add(keyOf(layer));
      const known = this.#options.isKnown(layer.diffId, layer.blob.digest) && (await this.#isThere(layer));
      if (known) this.#tell(layer, "Already exists");
      else {
        missing.add(layer);
        this.#tell(layer, "Pulling fs layer");
      }
    }
    return missing;
  }

  async #bring(layer: Layer, missing: boolean, { slots, below, signal }: Turn): Promise<LayerRecord> {
    if (missing) {
      if (slots.full) this.#tell(layer, "Waiting");
      await slots.use(() => this.#download(layer, signal), signal);
    }
    const { contentSize } = await this.#unpacking.run(() => this.#unpack(layer, missing, signal));
    if (missing) {
      // Layers may be unpacked in any order; Docker's are complete from the lowest up.
      await below;
      this.#tell(layer, "Pull complete");
    }
    return { ...layer, size: contentSize };
  }

  async #download(layer: Layer, signal: AbortSignal): Promise<void> {
    const { content, clock, limits, repository, transfers } = this.#options;
    if (!(await this.#isThere(layer))) {
      const progress = this.#meter(layer, "Downloading");
      await transfers.run(layer.blob.digest, signal, progress, (shared, onProgress) =>
        fetchBlob({ content, clock, limits }, repository, layer.blob, {
          kind: "filesystem layer",
          signal: shared,
          onProgress,
          onVerify: () => this.#tell(layer, "Verifying Checksum"),
          onRetry: (pause) => this.#tellRetry(layer, pause),
        }),
      );
    }
    this.#tell(layer, "Download complete");
  }

  async #unpack(layer: Layer, missing: boolean, signal: AbortSignal): Promise<{ readonly contentSize: number }> {
    signal.throwIfAborted();
    const meter = this.#meter(layer, "Extracting");
    try {
      return await this.#options.layers.ensure({
        diffId: layer.diffId,
        maxBytes: this.#options.unpackAllowance + maxRatio * layer.blob.size,
        open: (inner) => streamBlob(this.#options.content, layer.blob.digest, inner),
        signal,
        ...(missing ? { onProgress: meter } : {}),
      });
    } catch (error) {
      if (signal.aborted || !isEngineError(error)) throw error;
      if (error.name !== "InvalidParameter")
        throw system(`failed to register layer: ${error.message}`, { cause: error });
      if (errorMessage(error).startsWith("layer verification failed")) {
        throw invalidParameter("layers from manifest don't match image configuration", { cause: error });
      }
      throw invalidParameter(`failed to register layer: ${errorMessage(error)}`, { cause: error });
    }
  }

  async #isThere(layer: Layer): Promise<boolean> {
    return (await this.#options.content.info(layer.blob.digest)) !== undefined;
  }

  #meter(layer: Layer, status: string): (current: number) => void {
    const total = layer.blob.size;
    return progressMeter(total, (current) =>
      this.#options.onProgress({ status, progressDetail: { current, total }, id: shortId(layer.blob.digest) }),
    );
  }

  #tellRetry(layer: Layer, milliseconds: number): void {
    const seconds = Math.max(1, Math.round(milliseconds / 1000));
    this.#tell(layer, `Retrying in ${seconds} second${seconds === 1 ? "" : "s"}`);
  }

  #tell(layer: Layer, status: string): void {
    const message: JsonMessage = { status, progressDetail: {}, id: shortId(layer.blob.digest) };
    this.#options.onProgress(message);
  }
}

const keyOf = ({ diffId, blob }: Layer) => `${diffId} ${blob.digest}`;

/** At most so many at the same time, in the order in which they came. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  get full(): boolean {
    return this.#free <= 0;
  }

  async use(action: () => Promise<void>, signal: AbortSignal): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      signal.throwIfAborted();
      await action();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

/** Waits for all, even when one fails: what is still under way must not outlive the pull. The first failure is the answer. */
async function settled<T>(
  promises: readonly Promise<T>[],
  onFailure: (reason: unknown) => void,
): Promise<readonly T[]> {
  let failed: { readonly reason: unknown } | undefined;
  for (const promise of promises) {
    promise.catch((reason: unknown) => {
      failed ??= { reason };
      onFailure(reason);
    });
  }
  const results = await Promise.allSettled(promises);
  if (failed) throw failed.reason;
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}
