import type { ContentStore } from "../content/store.ts";
import { streamBlob } from "../content/stream-blob.ts";
import { conflict, invalidParameter, isEngineError, notFound } from "../errdefs/errors.ts";
import { Lock } from "../internal/lock.ts";
import type { Json, RecordChange, RecordStore } from "../metadata/records.ts";
import { type Digest, digestHex, isDigest } from "../oci/digest.ts";
import { type ImageConfig, imageConfigLimit, parseImageConfig } from "../oci/image-config.ts";
import {
  familiarString,
  formatReference,
  parseCanonical,
  parseNormalizedNamed,
  type Reference,
  tagNameOnly,
  withDigest,
} from "../reference/reference.ts";
import {
  type ImageRecord,
  imageBucket,
  imageRecordJson,
  parseImageRecord,
  parseReferenceRecord,
  referenceBucket,
} from "./image-record.ts";
import type { LayerUnpacker } from "./layer-unpacker.ts";
import { type Lease, Leases } from "./leases.ts";

/** An immutable view of an image. */
export interface Image {
  readonly id: Digest;
  readonly config: ImageConfig;
  readonly record: ImageRecord;
}

/** What containers hold on to. */
export interface ImageUsers {
  containersOf(image: Digest): readonly { readonly id: string; readonly running: boolean }[];
  /** Layers below all containers, also of those whose image was removed by force. */
  layersInUse(): Iterable<Digest>;
}

export interface ImageStoreComponents {
  readonly records: RecordStore;
  readonly content: ContentStore;
  readonly layers: LayerUnpacker;
  readonly users: ImageUsers;
}

/**
 * The images that are there, and their names. Its records decide which blobs and layers stay: what no image, container or
 * lease holds is removed.
 */
export class ImageStore {
  readonly #components: ImageStoreComponents;
  readonly #images = new Map<Digest, ImageRecord>();
  /** Full reference to image. */
  readonly #references = new Map<string, Digest>();
  readonly #configs = new Map<Digest, Promise<ImageConfig>>();
  readonly #leases = new Leases();
  /** Changes and garbage collection take turns, so that a collection never looks at half a change. */
  readonly #lock = new Lock();

  private constructor(components: ImageStoreComponents) {
    this.#components = components;
  }

  /** Reads the records. Call `collectGarbage()` once the containers are known too. */
  static async open(components: ImageStoreComponents): Promise<ImageStore> {
    const store = new ImageStore(components);
    for (const [, value] of await components.records.list(imageBucket)) {
      const record = parseImageRecord(value);
      store.#images.set(record.id, record);
    }
    for (const [key, value] of await components.records.list(referenceBucket)) {
      const { image } = parseReferenceRecord(value);
      if (store.#images.has(image)) store.#references.set(key.slice(referenceBucket.length), image);
    }
    return store;
  }

  all(): readonly ImageRecord[] {
    return [...this.#images.values()];
  }

  /** Bytes of the layers that are named; without names, of all, each counted once. */
  layersSize(diffIds?: readonly Digest[]): number {
    const sizes = new Map(
      this.all().flatMap(({ layers }) => layers.map(({ diffId, size }) => [diffId, size] as const)),
    );
    return [...(diffIds ?? sizes.keys())].reduce((sum, diffId) => sum + (sizes.get(diffId) ?? 0), 0);
  }

  find(id: Digest): ImageRecord | undefined {
    return this.#images.get(id);
  }

  /** The image that a reference names exactly, with `latest` where it says nothing. */
  lookUp(reference: Reference): Digest | undefined {
    const { digest } = reference;
    return this.#references.get(formatReference(digest ? withDigest(reference, digest) : tagNameOnly(reference)));
  }

  /** All names of an image, ordered. */
  referencesOf(id: Digest): readonly Reference[] {
    const names = [...this.#references].filter(([, image]) => image === id).map(([name]) => name);
    return names.sort().map(parseCanonical);
  }

  childrenOf(id: Digest): readonly ImageRecord[] {
    return this.all().filter((record) => record.parent === id);
  }

  /**
   * Finds an image by what a user typed: a name, an ID, or the start of an ID that is of one image only. Rejects with
   * `NotFound` ("No such image: NAME") or `InvalidParameter`.
   */
  async resolve(name: string): Promise<Image> {
    return this.image(this.resolveId(name));
  }

  resolveId(name: string): Digest {
    const digest: unknown = /^[0-9a-f]{64}$/.test(name) ? `sha256:${name}` : name;
    if (isDigest(digest)) {
      if (this.#images.has(digest)) return digest;
      throw notFound(`No such image: ${digest}`);
    }
    const reference = parseNormalizedNamed(name);
    const found = this.lookUp(reference) ?? this.#byPrefix(name);
    if (!found) throw notFound(`No such image: ${familiarString(tagNameOnly(reference))}`);
    return found;
  }

  /** All images but those whose config the disk has spoilt: a pull brings it again. */
  async sound(): Promise<readonly Image[]> {
    const images = this.all().map(({ id }) =>
      this.image(id).catch((error: unknown) => {
        if (isEngineError(error)) return undefined;
        throw error;
      }),
    );
    return (await Promise.all(images)).filter((image) => image !== undefined);
  }

  async image(id: Digest): Promise<Image> {
    const record = this.#images.get(id);
    if (!record) throw notFound(`No such image: ${id}`);
    return { id, record, config: await this.#config(id) };
  }

  /**
   * Sees to it that an image's layers are unpacked: they are a cache, and what is missing is made again from the blobs. A blob
   * that the disk has spoilt is dropped, and the image is then `NotFound` as far as that layer goes: a pull brings it again.
   */
  async unpack(id: Digest, signal?: AbortSignal): Promise<void> {
    const { layers, content } = this.#components;
    for (const { diffId, blob } of (await this.image(id)).record.layers) {
      const open = (inner: AbortSignal) => streamBlob(content, blob.digest, inner);
      try {
        await layers.ensure({ diffId, open, ...(signal ? { signal } : {}) });
      } catch (cause) {
        if (!isEngineError(cause, "InvalidParameter")) throw cause;
        await content.remove(blob.digest);
        throw notFound(`layer ${blob.digest} was damaged on the disk: pull the image again`, { cause });
      }
    }
  }

  /** Keeps what is being brought in from being collected. End it with `release`. */
  lease(): Lease {
    return this.#leases.create(this.#lock);
  }

  /** Ends a lease, and removes what it held when no image came of it. */
  async release(lease: Lease): Promise<void> {
    await this.#lock.run(async () => {
      const { blobs, layers } = this.#leases.end(lease);
      await this.#remove(blobs, layers);
    });
  }

  /** Makes an image visible, with names, at once. All that the record names must be there, and held by a lease. */
  async put(record: ImageRecord, references: readonly Reference[]): Promise<void> {
    await this.#lock.run(async () => {
      const known = this.#images.get(record.id);
      const merged = known ? { ...known, ...record } : record;
      await this.#apply([
        { key: `${imageBucket}${record.id}`, value: imageRecordJson(merged) },
        ...references.map((name) => naming(name, record.id)),
      ]);
      this.#images.set(record.id, merged);
      for (const name of references) this.#references.set(formatReference(name), record.id);
      if (known) await this.#collectReplaced(known, merged);
    });
  }

  /** Names an image; the name leaves the image that had it. Rejects with `InvalidParameter` or `NotFound`. */
  async tag(id: Digest, reference: Reference, tagged: string): Promise<void> {
    if (reference.digest) throw invalidParameter("refusing to create a tag with a digest reference");
    if (reference.path === "library/sha256") {
      throw invalidParameter("refusing to create an ambiguous tag using digest algorithm as name");
    }
    await this.#lock.run(async () => {
      const record = this.#images.get(id);
      if (!record) throw notFound(`No such image: ${id}`);
      const next = { ...record, tagged };
      await this.#apply([
        { key: `${imageBucket}${id}`, value: imageRecordJson(next) },
        naming(tagNameOnly(reference), id),
      ]);
      this.#images.set(id, next);
      this.#references.set(formatReference(tagNameOnly(reference)), id);
    });
  }

  /** Takes names away. */
  async untag(references: readonly Reference[]): Promise<void> {
    await this.#lock.run(async () => {
      const names = references.map(formatReference);
      await this.#apply(names.map((name) => ({ key: `${referenceBucket}${name}`, value: undefined })));
      for (const name of names) this.#references.delete(name);
      const digests = references.flatMap(({ digest }) => digest ?? []);
      await this.#remove(new Set(digests), new Set());
    });
  }

  /**
   * Removes an image with its names, then the blobs and layers that nothing else needs. Answers the layers that neither
   * an image nor a container has any more, topmost first. Rejects with `Conflict` when it has children.
   */
  async remove(id: Digest): Promise<readonly Digest[]> {
    return this.#lock.run(async () => {
      const record = this.#images.get(id);
      if (!record) throw notFound(`No such image: ${id}`);
      if (this.childrenOf(id).length > 0) throw conflict("image has dependent child images");
      const names = [...this.#references].filter(([, image]) => image === id).map(([name]) => name);
      const keys = [`${imageBucket}${id}`, ...names.map((name) => `${referenceBucket}${name}`)];
      await this.#apply(keys.map((key) => ({ key, value: undefined })));
      this.#images.delete(id);
      this.#configs.delete(id);
      for (const name of names) this.#references.delete(name);
      const digests = names.flatMap((name) => parseCanonical(name).digest ?? []);
      const kept = new Set([...this.#imageLayers(), ...this.#components.users.layersInUse()]);
      const gone = record.layers.map(({ diffId }) => diffId).filter((diffId) => !kept.has(diffId));
      await this.#remove(new Set([...blobsOf(record), ...digests]), new Set(gone));
      return gone.reverse();
    });
  }

  /** Removes blobs and layers that nothing holds: at the start, what a killed engine was bringing in. */
  async collectGarbage(): Promise<void> {
    await this.#lock.run(async () => {
      const { content, layers } = this.#components;
      const blobs = await content.list();
      await this.#remove(new Set(blobs.map(({ digest }) => digest)), new Set(await layers.list()));
    });
  }

  /** Removes those of some layers that nothing holds any more: after a container that outlived its image. */
  async collectLayers(diffIds: readonly Digest[]): Promise<void> {
    await this.#lock.run(() => this.#remove(new Set(), new Set(diffIds)));
  }

  #byPrefix(name: string): Digest | undefined {
    const hex = name.startsWith("sha256:") ? name.slice("sha256:".length) : name;
    if (!/^[0-9a-f]+$/.test(hex)) return undefined;
    const found = [...this.#images.keys()].filter((id) => digestHex(id).startsWith(hex));
    return found.length === 1 ? found[0] : undefined;
  }

  #config(id: Digest): Promise<ImageConfig> {
    const known = this.#configs.get(id);
    if (known) return known;
    const config = this.#components.content.read(id, imageConfigLimit).then(parseImageConfig);
    this.#configs.set(id, config);
    config.catch(() => this.#configs.delete(id));
    return config;
  }

  async #apply(changes: readonly RecordChange[]): Promise<void> {
    if (changes.length > 0) await this.#components.records.apply(changes);
  }

  /** The same image can come by another manifest, whose blobs are compressed differently: the former ones go. */
  async #collectReplaced(former: ImageRecord, current: ImageRecord): Promise<void> {
    const kept = new Set(blobsOf(current));
    await this.#remove(new Set(blobsOf(former).filter((digest) => !kept.has(digest))), new Set());
  }

  /** Removes those of the candidates that nothing holds. Call it within the lock. */
  async #remove(blobs: ReadonlySet<Digest>, layers: ReadonlySet<Digest>): Promise<void> {
    const { content, layers: unpacker, users } = this.#components;
    const heldBlobs = this.#heldBlobs();
    const heldLayers = new Set([...this.#imageLayers(), ...users.layersInUse(), ...this.#leases.layers()]);
    for (const digest of blobs) if (!heldBlobs.has(digest)) await content.remove(digest);
    for (const diffId of layers) if (!heldLayers.has(diffId)) await unpacker.remove(diffId);
  }

  #heldBlobs(): ReadonlySet<Digest> {
    const named = [...this.#references.keys()].flatMap((name) => parseCanonical(name).digest ?? []);
    return new Set([...this.all().flatMap(blobsOf), ...named, ...this.#leases.blobs()]);
  }

  #imageLayers(): ReadonlySet<Digest> {
    return new Set(this.all().flatMap(({ layers }) => layers.map(({ diffId }) => diffId)));
  }
}

function blobsOf({ id, manifest, layers }: ImageRecord): readonly Digest[] {
  return [id, ...(manifest ? [manifest.digest] : []), ...layers.map(({ blob }) => blob.digest)];
}

function naming(reference: Reference, image: Digest): { key: string; value: Json } {
  return { key: `${referenceBucket}${formatReference(reference)}`, value: { image } };
}
