import type { AuthConfig, ProgressListener } from "../api/types/common.ts";
import { type CreateSha256, sha256 } from "../archive/sha256.ts";
import type { ContentStore } from "../content/store.ts";
import { fetchBlob } from "../distribution/fetch-blob.ts";
import { pullError } from "../distribution/registry-error.ts";
import type { Repository } from "../distribution/repository.ts";
import type { ResolvedImage, Resolver } from "../distribution/resolver.ts";
import { invalidParameter } from "../errdefs/errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { imageConfigLimit, parseImageConfig } from "../oci/image-config.ts";
import { type Index, type Manifest, parseManifestOrIndex } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Platform } from "../oci/platform.ts";
import { familiarString, formatReference, type Reference, tagNameOnly, withDigest } from "../reference/reference.ts";
import { SharedWork } from "../snapshots/shared-work.ts";
import { checkPlatform, chooseManifest } from "./choose-manifest.ts";
import type { ImageRecord } from "./image-record.ts";
import type { ImageStore } from "./image-store.ts";
import { LayerPull } from "./layer-pull.ts";
import type { LayerUnpacker } from "./layer-unpacker.ts";
import type { Lease } from "./leases.ts";

export interface PullerComponents {
  readonly resolver: Pick<Resolver, "resolve" | "limits">;
  readonly images: ImageStore;
  readonly content: ContentStore;
  readonly layers: LayerUnpacker;
  readonly createSha256: CreateSha256;
  readonly clock: Pick<Clock, "sleep">;
  /** Bytes that a layer may have unpacked, however small its blob is; with more, it is taken for a decompression bomb. */
  readonly unpackAllowance?: number;
}

const defaultUnpackAllowance = 256 * 1024 ** 2;

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

  /** Resolves with the image's ID. Rejects in Docker's words; before the first progress when the reference is unknown. */
  async pull(request: PullRequest): Promise<Digest> {
    const reference = tagNameOnly(request.reference);
    const { auth, signal } = request;
    const resolved = await this.#components.resolver.resolve(reference, {
      ...(auth ? { auth } : {}),
      ...(signal ? { signal } : {}),
    });
    const lease = this.#components.images.lease();
    try {
      return await this.#bring(resolved, reference, request, lease);
    } catch (error) {
      signal?.throwIfAborted();
      throw pullError(error, reference);
    } finally {
      await this.#components.images.release(lease);
    }
  }

  async #bring(resolved: ResolvedImage, reference: Reference, request: PullRequest, lease: Lease): Promise<Digest> {
    const { images } = this.#components;
    const before = images.lookUp(reference);
    const top = await this.#document(resolved.repository, resolved, request.signal, lease);
    request.onProgress({
      status: `Pulling from ${reference.path}`,
      id: reference.digest ? formatReference(reference) : (reference.tag ?? ""),
    });
    const found = await this.#findImage(resolved.repository, top, reference, request, lease);
    const record =
      (await this.#whole(found, lease)) ?? (await this.#bringLayers(resolved.repository, found, request, lease));
    const names = reference.digest ? [reference] : [reference, withDigest(reference, resolved.digest)];
    await images.put(
      record,
      names.map((name) => (name.digest ? withDigest(name, name.digest) : name)),
    );
    request.onProgress({ status: `Digest: ${resolved.digest}` });
    const news = before === record.id ? "Image is up to date" : "Downloaded newer image";
    request.onProgress({ status: `Status: ${news} for ${familiarString(reference)}` });
    return record.id;
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

  async #findImage(
    repository: Repository,
    top: Document,
    reference: Reference,
    request: PullRequest,
    lease: Lease,
  ): Promise<FoundImage> {
    if (top.kind === "manifest") return this.#checkedImage(repository, top, reference, request, lease);
    const chosen = chooseManifest(top.index, request.platforms);
    const inner = await this.#document(
      repository,
      { digest: chosen.digest, mediaType: chosen.mediaType },
      request.signal,
      lease,
    );
    if (inner.kind !== "manifest") throw invalidParameter("the index names another index as an image's manifest");
    return this.#checkedImage(repository, inner, reference, request, lease);
  }

  /** A manifest or index by digest, from the content store where it is there. */
  async #document(
    repository: Repository,
    wanted: Pick<ResolvedImage, "digest" | "bytes" | "mediaType">,
    signal: AbortSignal | undefined,
    lease: Lease,
  ): Promise<Document> {
    const { content } = this.#components;
    await lease.holdBlobs([wanted.digest]);
    const known = (await content.info(wanted.digest)) !== undefined;
    const bytes = known
      ? await content.read(wanted.digest)
      : (wanted.bytes ?? (await repository.manifest(wanted.digest, signal)).bytes);
    const document = parseManifestOrIndex(bytes, wanted.mediaType);
    if (!known) await this.#keep(wanted.digest, bytes);
    const descriptor: Descriptor = { mediaType: document.mediaType, digest: wanted.digest, size: bytes.length };
    return document.kind === "index"
      ? { kind: "index", index: document }
      : { kind: "manifest", manifest: document, descriptor };
  }

  async #checkedImage(
    repository: Repository,
    { manifest, descriptor }: { readonly manifest: Manifest; readonly descriptor: Descriptor },
    reference: Reference,
    request: PullRequest,
    lease: Lease,
  ): Promise<FoundImage> {
    const { content, clock, resolver } = this.#components;
    const { config, layers } = manifest;
    if (config.size > imageConfigLimit)
      throw invalidParameter(`image config ${config.digest} is too large: ${config.size} bytes`);
    await lease.holdBlobs([config.digest, ...layers.map(({ digest }) => digest)]);
    if (!(await content.info(config.digest))) {
      const { limits } = resolver;
      await this.#transfers.run(config.digest, request.signal, undefined, (signal) =>
        fetchBlob({ content, clock, limits }, repository, config, { kind: "image config", signal }),
      );
    }
    const parsed = parseImageConfig(await content.read(config.digest, imageConfigLimit));
    checkPlatform(parsed.platform, request.platforms, reference);
    if (parsed.diffIds.length !== layers.length)
      throw invalidParameter("layers from manifest don't match image configuration");
    return { manifest: descriptor, layers, id: config.digest, diffIds: parsed.diffIds };
  }

  async #bringLayers(
    repository: Repository,
    found: FoundImage,
    request: PullRequest,
    lease: Lease,
  ): Promise<ImageRecord> {
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

/** What is recorded of a layer's descriptor: annotations can be large, and nobody asks for them later. */
function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType: mediaType || mediaTypes.ociLayer, digest, size };
}
