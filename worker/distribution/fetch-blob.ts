import type { ContentStore, Ingest } from "../content/store.ts";
import { invalidParameter, isEngineError } from "../errdefs/errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Limits, NetworkError } from "./http.ts";
import { isTransient } from "./registry-client.ts";
import type { Repository } from "./repository.ts";

export interface FetchBlobComponents {
  readonly content: ContentStore;
  readonly clock: Pick<Clock, "sleep">;
  readonly limits: Limits;
}

export interface FetchBlobOptions {
  /** What a failed verification is blamed on: Docker says `filesystem layer` and `image config`. */
  readonly kind: "filesystem layer" | "image config";
  /** Bytes of the blob that are there. */
  readonly onProgress?: (current: number) => void;
  /** Called when the last byte is there, before the digest is looked at. */
  readonly onVerify?: () => void;
  /** Called each second of the pause after `attempt` has failed, with the milliseconds that are left. */
  readonly onRetry?: (left: number, attempt: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Brings a blob into the content store, going on where a broken transfer stopped. Nothing is visible until size and digest
 * were verified. Rejects with what the last attempt failed with.
 */
export async function fetchBlob(
  components: FetchBlobComponents,
  repository: Repository,
  descriptor: Descriptor,
  options: FetchBlobOptions,
): Promise<void> {
  const ingest = await components.content.ingest(descriptor);
  try {
    await transfer(components, repository, descriptor, { ...options, ingest });
    options.onVerify?.();
    await ingest.commit().catch((cause: unknown) => {
      if (!isEngineError(cause, "InvalidParameter")) throw cause;
      throw invalidParameter(`${options.kind} verification failed for digest ${descriptor.digest}`, { cause });
    });
  } catch (error) {
    await ingest.abort();
    throw error;
  }
}

async function transfer(
  { clock, limits }: FetchBlobComponents,
  repository: Repository,
  descriptor: Descriptor,
  { ingest, ...options }: FetchBlobOptions & { readonly ingest: Ingest },
): Promise<void> {
  let written = 0;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { offset, pieces } = await repository.blob(descriptor, written, options.signal);
      let at = offset;
      for await (const piece of pieces) {
        // A place without ranges starts over: skip what is there already.
        const fresh = piece.subarray(Math.max(0, written - at));
        at += piece.length;
        if (at > descriptor.size)
          throw new NetworkError(`blob ${descriptor.digest}: more than ${descriptor.size} bytes`);
        if (fresh.length === 0) continue;
        await ingest.write(fresh);
        written += fresh.length;
        options.onProgress?.(written);
      }
      if (written === descriptor.size) return;
      throw new NetworkError("unexpected EOF", { transient: true });
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isTransient(error) || attempt >= limits.attempts) throw error;
      for (let left = limits.retryDelay(attempt); left > 0; left -= 1000) {
        options.onRetry?.(left, attempt);
        await clock.sleep(Math.min(left, 1000), options.signal);
      }
    }
  }
}
