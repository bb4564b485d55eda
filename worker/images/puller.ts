import type { AuthConfig, ProgressListener } from "../api/types/common.ts";
import { type CreateSha256, sha256 } from "../archive/sha256.ts";
import type { ContentStore } from "../content/store.ts";
import { fetchBlob } from "../distribution/fetch-blob.ts";
import { configError } from "../distribution/registry-error.ts";
import type { Repository, ResolvedManifest } from "../distribution/repository.ts";
import type { Resolver } from "../distribution/resolver.ts";
import { invalidParameter, isEngineError } from "../errdefs/errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { imageConfigLimit, parseImageConfig } from "../oci/image-config.ts";
import { type Index, type Manifest, manifestLimit, parseManifestOrIndex } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Platform } from "../oci/platform.ts";
import { familiarString, formatReference, type Reference, withDigest, withTag } from "../reference/reference.ts";
import { SharedWork } from "../snapshots/shared-work.ts";
import { checkPlatform, checkSystem, chooseManifest } from "./choose-manifest.ts";
import type { ImageRecord } from "./image-record.ts";
import type { ImageStore } from "./image-store.ts";
import { LayerPull } from "./layer-pull.ts";
import type { LayerUnpacker } from "./layer-unpacker.ts";
import type { Lease } from "./leases.ts";

export interface PullerComponents {
  readonly resolver: Pick<Resolver, "withRepository" | "limits">;
  readonly images: ImageStore;
  readonly content: ContentStore;
  readonly layers: LayerUnpacker;
  readonly createSha256: CreateSha256;
  readonly clock: Pick<Clock, "sleep">;
  /** Bytes that a layer may have unpacked, however small its blob is; with more, it is taken for a decompression bomb. */
  readonly unpackAllowance?: number;
}

const defaultUnpackAllowance = 256 * 1024 ** 2;
/** An index may name another one (OCI image-spec, "Image Index"). */
const indexDepth = 8;

export interface PullRequest {
  readonly reference: Reference;
  /** What may be pulled, best first. */
  readonly platforms: readonly Platform[];
  readonly auth?: AuthConfig;
  readonly onProgress: ProgressListener;
  readonly signal?: AbortSignal | undefined;
}

/** A manifest and the config that it names, which belong together. */
interface FoundImage {
  readonly manifest: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly id: Digest;
  readonly diffIds: readonly Digest[];
}

/** What one tag or digest is brought in for, and what keeps it meanwhile. */
interface Pull {
  readonly request: PullRequest;
  readonly reference: Reference;
  readonly lease: Lease;
}

type Document =
  | { readonly kind: "index"; readonly index: Index }
  | { readonly kind: "manifest"; readonly manifest: Manifest; readonly descriptor: Descriptor };

/**
 * Pulls images. What is there already is not transferred again. The image becomes visible, with its names, when all of it is
 * there; what a failed pull brought in is removed.
 */
export class Puller {
  readonly #components: PullerComponents;
  /** Pulls that want the same blob at the same time share its transfer. */
  readonly #transfers = new SharedWork<Digest, void>();

  constructor(components: PullerComponents) {
    this.#components = components;
  }

  /**
   * Pulls what `reference` names: without tag and digest that is all tags. Rejects in Docker's words; before the first progress
   * when the reference is unknown.
   */
  async pull(request: PullRequest): Promise<void> {
    const { reference, auth, signal } = request;
    const options = { ...(auth ? { auth } : {}), ...(signal ? { signal } : {}) };
    const isNew = await this.#components.resolver.withRepository(reference, options, async (repository) => {
      if (reference.tag ?? reference.digest) return this.#pullOne(repository, reference, request);
      let anyIsNew = false;
      for (const tag of await repository.tags(signal)) {
        anyIsNew = (await this.#pullOne(repository, withTag(reference, tag), request)) || anyIsNew;
      }
      return anyIsNew;
    });
    const news = isNew ? "Downloaded newer image" : "Image is up to date";
    request.onProgress({ status: `Status: ${news} for ${familiarString(reference)}` });
  }

  /** Answers whether the name is of another image than before. */
  async #pullOne(repository: Repository, reference: Reference, request: PullRequest): Promise<boolean> {
    const { images } = this.#components;
    const before = images.lookUp(reference);
    const resolved = await repository.resolve(reference.digest ?? reference.tag ?? "latest", request.signal);
    const lease = images.lease();
    try {
      const record = await this.#bring(repository, resolved, { reference, request, lease });
      const names = reference.digest ? [reference] : [reference, withDigest(reference, resolved.digest)];
      await images.put(
        record,
        names.map((name) => (name.digest ? withDigest(name, name.digest) : name)),
      );
      request.onProgress({ status: `Digest: ${resolved.digest}` });
      return before !== record.id;
    } finally {
      await images.release(lease);
    }
  }

  async #bring(repository: Repository, resolved: ResolvedManifest, pull: Pull): Promise<ImageRecord> {
    const { reference, request } = pull;
    const bytes = await this.#manifestBytes(repository, resolved, pull);
    request.onProgress({
      status: `Pulling from ${reference.path}`,
      id: reference.digest ? formatReference(reference) : (reference.tag ?? ""),
    });
    const top = await this.#document(resolved, bytes);
    const found = await this.#findImage(repository, top, pull);
    return (await this.#whole(found, pull.lease)) ?? (await this.#bringLayers(repository, found, pull));
  }

  /** The record of an image that is there already, by whatever manifest it came. */
  async #whole({ id }: FoundImage, lease: Lease): Promise<ImageRecord | undefined> {
    const { images, content } = this.#components;
    const record = images.find(id);
    if (!record) return undefined;
    await lease.holdBlobs(record.layers.map(({ blob }) => blob.digest));
    const blobs = await Promise.all(record.layers.map(({ blob }) => content.info(blob.digest)));
    return images.find(id) && blobs.every((blob) => blob) ? record : undefined;
  }

  async #findImage(repository: Repository, top: Document, pull: Pull): Promise<FoundImage> {
    let document = top;
    for (let depth = 0; document.kind === "index"; depth += 1) {
      if (depth === indexDepth) throw invalidParameter(`indexes are nested deeper than ${indexDepth}`);
      const { digest, mediaType } = chooseManifest(document.index, pull.request.platforms);
      const wanted = { digest, mediaType };
      document = await this.#document(wanted, await this.#manifestBytes(repository, wanted, pull));
    }
    return this.#checkedImage(repository, document, pull);
  }

  /** A manifest or index by digest, from the content store where it is there. */
  async #manifestBytes(
    repository: Repository,
    wanted: ResolvedManifest,
    { lease, request }: Pull,
  ): Promise<{ readonly bytes: Uint8Array; readonly isStored: boolean }> {
    const { content } = this.#components;
    await lease.holdBlobs([wanted.digest]);
    const stored = await readSound(content, wanted.digest, manifestLimit);
    if (stored) return { bytes: stored, isStored: true };
    const bytes = wanted.bytes ?? (await repository.manifest(wanted.digest, request.signal)).bytes;
    return { bytes, isStored: false };
  }

  async #document(
    { digest, mediaType }: Pick<ResolvedManifest, "digest" | "mediaType">,
    { bytes, isStored }: { readonly bytes: Uint8Array; readonly isStored: boolean },
  ): Promise<Document> {
    const document = parseManifestOrIndex(bytes, mediaType);
    if (!isStored) await this.#keep(digest, bytes);
    const descriptor: Descriptor = { mediaType: document.mediaType, digest, size: bytes.length };
    return document.kind === "index"
      ? { kind: "index", index: document }
      : { kind: "manifest", manifest: document, descriptor };
  }

  async #checkedImage(
    repository: Repository,
    { manifest, descriptor }: { readonly manifest: Manifest; readonly descriptor: Descriptor },
    { reference, request, lease }: Pull,
  ): Promise<FoundImage> {
    const { config, layers } = manifest;
    if (config.size > imageConfigLimit)
      throw invalidParameter(`image config ${config.digest} is too large: ${config.size} bytes`);
    await lease.holdBlobs([config.digest, ...layers.map(({ digest }) => digest)]);
    const parsed = parseImageConfig(await this.#configBytes(repository, config, request.signal));
    checkSystem(parsed.platform);
    checkPlatform(parsed.platform, request.platforms, familiarString(reference));
    if (parsed.diffIds.length !== layers.length)
      throw invalidParameter("layers from manifest don't match image configuration");
    if (parsed.history.filter(({ emptyLayer }) => !emptyLayer).length > layers.length)
      throw invalidParameter("too many non-empty layers in History section");
    return { manifest: descriptor, layers, id: config.digest, diffIds: parsed.diffIds };
  }

  async #configBytes(repository: Repository, config: Descriptor, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { content, clock, resolver } = this.#components;
    const stored = await readSound(content, config.digest, imageConfigLimit);
    if (stored) return stored;
    const { limits } = resolver;
    let attempts = 1;
    const onRetry = (_left: number, attempt: number) => {
      attempts = attempt + 1;
    };
    try {
      await this.#transfers.run(config.digest, signal, undefined, (shared) =>
        fetchBlob({ content, clock, limits }, repository, config, { kind: "image config", signal: shared, onRetry }),
      );
    } catch (error) {
      throw configError(error, attempts);
    }
    return content.read(config.digest, imageConfigLimit);
  }

  async #bringLayers(repository: Repository, found: FoundImage, { request, lease }: Pull): Promise<ImageRecord> {
    const { content, layers, clock, resolver, images } = this.#components;
    await lease.holdLayers(found.diffIds);
    const pull = new LayerPull({
      content,
      layers,
      clock,
      limits: resolver.limits,
      transfers: this.#transfers,
      repository,
      isKnown: (diffId, blob) =>
        images
          .all()
          .some((image) => image.layers.some((layer) => layer.diffId === diffId && layer.blob.digest === blob)),
      onProgress: request.onProgress,
      unpackAllowance: this.#components.unpackAllowance ?? defaultUnpackAllowance,
    });
    const pairs = found.layers.map((blob, index) => ({ blob: plain(blob), diffId: found.diffIds[index] ?? found.id }));
    return { id: found.id, manifest: found.manifest, layers: await pull.run(pairs, request.signal) };
  }

  async #keep(digest: Digest, bytes: Uint8Array): Promise<void> {
    const { content, createSha256 } = this.#components;
    if ((await sha256(bytes, createSha256)) !== digest)
      throw invalidParameter(`manifest verification failed for digest ${digest}`);
    const ingest = await content.ingest({ digest, size: bytes.length });
    try {
      await ingest.write(bytes);
      await ingest.commit();
    } catch (error) {
      await ingest.abort();
      throw error;
    }
  }
}

/** A small blob from the disk; undefined when it is not there, or not what it was. */
async function readSound(content: ContentStore, digest: Digest, limit: number): Promise<Uint8Array | undefined> {
  try {
    return await content.read(digest, limit);
  } catch (error) {
    if (isEngineError(error)) return undefined;
    throw error;
  }
}

/** What is recorded of a layer's descriptor: annotations can be large, and nobody asks for them later. */
function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType: mediaType || mediaTypes.ociLayer, digest, size };
}
