import { type CreateSha256, sha256 } from "../archive/sha256.ts";
import { invalidParameter, notFound } from "../errdefs/errors.ts";
import { readWhole } from "../internal/bytes.ts";
import { regardless } from "../internal/failures.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestHex, isDigest } from "../oci/digest.ts";
import { type Index, manifestLimit, parseManifestOrIndex } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Reference } from "../reference/reference.ts";
import { type Fetch, NetworkError, readBody, Watchdog } from "./http.ts";
import type { BlobStream, ManifestBytes, Repository, ResolvedManifest } from "./repository.ts";

/** Files of a static OCI image layout. */
export interface LayoutFiles {
  /** Opens a file by its path within the layout; undefined when it is not there. */
  open(path: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>;
}

/** Images that come with Wherry: `index.json` names each by its full reference (`docker.io/library/busybox:latest`). */
export interface BundledRegistry {
  /** For `docker info` and messages. */
  readonly name: string;
  /** The repository of `reference`, when the bundle has any of it. */
  find(reference: Reference, signal?: AbortSignal): Promise<Repository | undefined>;
  /** Full references of all it has. */
  references(signal?: AbortSignal): Promise<readonly string[]>;
}

export interface LayoutRegistryComponents {
  readonly name: string;
  readonly files: LayoutFiles;
  readonly createSha256: CreateSha256;
}

const referenceAnnotation = "org.opencontainers.image.ref.name";

/** A registry in an OCI image layout (image-spec, "image-layout"). */
export class LayoutRegistry implements BundledRegistry {
  readonly #components: LayoutRegistryComponents;
  #index: Promise<Index | undefined> | undefined;

  constructor(components: LayoutRegistryComponents) {
    this.#components = components;
  }

  get name(): string {
    return this.#components.name;
  }

  async find({ domain, path }: Reference, signal?: AbortSignal): Promise<Repository | undefined> {
    const index = await this.#load(signal);
    const prefix = `${domain}/${path}:`;
    const tags = (index?.manifests ?? []).flatMap((entry) => {
      const name = entry.annotations?.[referenceAnnotation] ?? "";
      return name.startsWith(prefix) ? [[name.slice(prefix.length), entry] as const] : [];
    });
    return tags.length > 0 ? new LayoutRepository(this.#components, new Map(tags)) : undefined;
  }

  async references(signal?: AbortSignal): Promise<readonly string[]> {
    const index = await this.#load(signal);
    return (index?.manifests ?? []).flatMap((entry) => entry.annotations?.[referenceAnnotation] ?? []);
  }

  /** Read once; a failure is not remembered. */
  async #load(signal: AbortSignal | undefined): Promise<Index | undefined> {
    this.#index ??= readFile(this.#components.files, "index.json", signal).then((bytes) => {
      const document = bytes && parseManifestOrIndex(bytes, mediaTypes.ociIndex);
      return document?.kind === "index" ? document : undefined;
    });
    try {
      return await this.#index;
    } catch (error) {
      this.#index = undefined;
      throw error;
    }
  }
}

class LayoutRepository implements Repository {
  readonly #components: LayoutRegistryComponents;
  readonly #tags: ReadonlyMap<string, Descriptor>;

  constructor(components: LayoutRegistryComponents, tags: ReadonlyMap<string, Descriptor>) {
    this.#components = components;
    this.#tags = tags;
  }

  get name(): string {
    return this.#components.name;
  }

  async resolve(tagOrDigest: string, signal?: AbortSignal): Promise<ResolvedManifest> {
    const entry = [...this.#tags].find(([tag, { digest }]) => tagOrDigest === tag || tagOrDigest === digest)?.[1];
    if (!entry) throw notFound(`${this.name} has no ${tagOrDigest}`);
    if (isDigest(tagOrDigest)) return this.manifest(tagOrDigest, signal);
    return { digest: entry.digest, mediaType: entry.mediaType };
  }

  async tags(): Promise<readonly string[]> {
    return [...this.#tags.keys()];
  }

  async manifest(digest: Digest, signal?: AbortSignal): Promise<ManifestBytes> {
    const { files, createSha256 } = this.#components;
    const bytes = await readFile(files, blobPath(digest), signal);
    if (!bytes) throw notFound(`${this.name} has no manifest ${digest}`);
    if ((await sha256(bytes, createSha256)) !== digest) {
      throw invalidParameter(`manifest verification failed for digest ${digest}`);
    }
    return { digest, bytes };
  }

  async blob(descriptor: Descriptor, _offset: number, signal?: AbortSignal): Promise<BlobStream> {
    const pieces = await this.#components.files.open(blobPath(descriptor.digest), signal);
    if (!pieces) throw notFound(`${this.name} has no blob ${descriptor.digest}`);
    return { offset: 0, pieces };
  }
}

function blobPath(digest: Digest): string {
  return `blobs/sha256/${digestHex(digest)}`;
}

async function readFile(files: LayoutFiles, path: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  const pieces = await files.open(path, signal);
  const tooLarge = () => invalidParameter(`${path} is larger than ${manifestLimit} bytes`);
  return pieces && readWhole(pieces, manifestLimit, tooLarge);
}

export interface UrlLayoutOptions {
  readonly fetch: Fetch;
  /** Address of the layout's folder, with a slash at its end. */
  readonly base: URL;
  /** Milliseconds between two pieces. */
  readonly idleTimeout: number;
}

/** A layout that a static web server has. */
export function urlLayout({ fetch, base, idleTimeout }: UrlLayoutOptions): LayoutFiles {
  return {
    async open(path, signal) {
      const watchdog = new Watchdog(signal);
      watchdog.feed(idleTimeout, "i/o timeout");
      const url = new URL(path, base);
      const response = await fetch(url.href, { signal: watchdog.signal, redirect: "follow" }).catch(
        (cause: unknown) => {
          watchdog.dispose();
          signal?.throwIfAborted();
          throw new NetworkError(`cannot read ${url.href}`, { cause, transient: true });
        },
      );
      if (response.ok) return readBody(response, { watchdog, idleTimeout });
      watchdog.dispose();
      await regardless(response.body?.cancel());
      if (response.status === 404) return undefined;
      throw new NetworkError(`cannot read ${url.href}: ${response.status}`, { transient: response.status >= 500 });
    },
  };
}
