import type { CreateSha256 } from "../archive/sha256.ts";
import { sha256 } from "../archive/sha256.ts";
import { invalidParameter } from "../errdefs/errors.ts";
import { regardless } from "../internal/failures.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import { asArray, asString, parseJsonObject } from "../oci/json.ts";
import { manifestLimit } from "../oci/manifest.ts";
import { acceptedManifestTypes } from "../oci/media-types.ts";
import { NetworkError, readBody } from "./http.ts";
import type { RegistryClient } from "./registry-client.ts";
import { RegistryError } from "./registry-error.ts";

/** One repository at one place that has it: a registry, a mirror, the bundled layout. */
export interface Repository {
  /** The place, for messages. */
  readonly name: string;
  /** Which manifest a tag or digest names now. Carries the bytes where finding out has brought them along. */
  resolve(tagOrDigest: string, signal?: AbortSignal): Promise<ResolvedManifest>;
  /** All tags, as the place orders them. */
  tags(signal?: AbortSignal): Promise<readonly string[]>;
  /** A manifest by digest, verified. */
  manifest(digest: Digest, signal?: AbortSignal): Promise<ManifestBytes>;
  /** Streams a blob, from `offset` on where the place can do that and else from its start. Not verified. */
  blob(descriptor: Descriptor, offset: number, signal?: AbortSignal): Promise<BlobStream>;
}

export interface ResolvedManifest {
  readonly digest: Digest;
  readonly bytes?: Uint8Array;
  readonly mediaType?: string;
}

const tagPageLimit = 4 * 1024 * 1024;
const tagLimit = 100_000;

export interface ManifestBytes {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly mediaType?: string;
}

export interface BlobStream {
  /** Where in the blob the first byte is. */
  readonly offset: number;
  readonly pieces: AsyncIterable<Uint8Array>;
}

export interface RemoteRepositoryOptions {
  readonly client: RegistryClient;
  readonly createSha256: CreateSha256;
  /** Address under which `v2/` is found: `https://registry-1.docker.io`; a mirror's may have a path. */
  readonly base: URL;
  /** Repository within the registry. */
  readonly path: string;
}

/** A repository behind the distribution API. */
export class RemoteRepository implements Repository {
  readonly #options: RemoteRepositoryOptions;
  readonly #scope: string;

  constructor(options: RemoteRepositoryOptions) {
    this.#options = options;
    this.#scope = `repository:${options.path}:pull`;
  }

  get name(): string {
    return this.#options.base.host;
  }

  /** HEAD first: it is cheap, and a registry that counts pulls does not count it. Its failures have no body, hence the GET. */
  async resolve(tagOrDigest: string, signal?: AbortSignal): Promise<ResolvedManifest> {
    if (isDigest(tagOrDigest)) return this.manifest(tagOrDigest, signal);
    const head = await this.#head(tagOrDigest, signal);
    return head ?? this.#get(tagOrDigest, signal);
  }

  /** Follows the pages of distribution-spec's "Listing Tags". */
  async tags(signal?: AbortSignal): Promise<readonly string[]> {
    const { client } = this.#options;
    const tags: string[] = [];
    let url: URL | undefined = this.#url("tags/list");
    for (let page = 1; url; page += 1) {
      const current: URL = url;
      const { bytes, next } = await client.withRetries(async () => {
        const answer = await client.request(current, { scope: this.#scope, signal });
        const link = answer.response.headers.get("link");
        return { bytes: await client.readWhole(answer, tagPageLimit), next: nextPage(link, current) };
      }, signal);
      const { tags: some } = parseJsonObject(bytes, tagPageLimit, "tags");
      if (some !== null) tags.push(...asArray(some, tagLimit, "tags").map((tag) => asString(tag, "tag")));
      if (tags.length > tagLimit || page > tagLimit) throw invalidParameter(`tags: expected at most ${tagLimit}`);
      url = next;
    }
    return tags;
  }

  async manifest(digest: Digest, signal?: AbortSignal): Promise<ManifestBytes> {
    const manifest = await this.#get(digest, signal);
    if (manifest.digest !== digest) throw invalidParameter(`manifest verification failed for digest ${digest}`);
    return manifest;
  }

  async blob(descriptor: Descriptor, offset: number, signal?: AbortSignal): Promise<BlobStream> {
    const { client } = this.#options;
    const answer = await client.request(this.#url(`blobs/${descriptor.digest}`), {
      scope: this.#scope,
      signal,
      headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
    });
    const { response, watchdog } = answer;
    const start = response.status === 206 ? rangeStart(response.headers.get("content-range")) : 0;
    const length = response.headers.get("content-length");
    const expected = descriptor.size - (start ?? 0);
    const encoded = response.headers.get("content-encoding") !== null;
    if (start === undefined || start > offset || (length !== null && !encoded && Number(length) !== expected)) {
      watchdog.dispose();
      await regardless(response.body?.cancel());
      throw new NetworkError(
        `blob ${descriptor.digest}: expected ${expected} bytes from ${offset}, the registry offers ${length}`,
      );
    }
    return { offset: start, pieces: readBody(response, { watchdog, idleTimeout: client.limits.idleTimeout }) };
  }

  async #head(tag: string, signal: AbortSignal | undefined): Promise<ResolvedManifest | undefined> {
    const { client } = this.#options;
    try {
      const { response, watchdog } = await client.request(this.#url(`manifests/${tag}`), {
        method: "HEAD",
        scope: this.#scope,
        headers: { accept: acceptedManifestTypes.join(", ") },
        signal,
      });
      watchdog.dispose();
      await regardless(response.body?.cancel());
      const digest = response.headers.get("docker-content-digest");
      const mediaType = response.headers.get("content-type");
      return isDigest(digest) ? { digest, ...(mediaType ? { mediaType } : {}) } : undefined;
    } catch (error) {
      // The GET asks once more, and its answer has the registry's own words.
      if (error instanceof RegistryError && !signal?.aborted) return undefined;
      throw error;
    }
  }

  #get(tagOrDigest: string, signal: AbortSignal | undefined): Promise<ManifestBytes> {
    const { client, createSha256 } = this.#options;
    return client.withRetries(async () => {
      const answer = await client.request(this.#url(`manifests/${tagOrDigest}`), {
        scope: this.#scope,
        headers: { accept: acceptedManifestTypes.join(", ") },
        signal,
      });
      const bytes = await client.readWhole(answer, manifestLimit);
      const digest = await sha256(bytes, createSha256);
      const told = answer.response.headers.get("docker-content-digest");
      if (isDigest(told) && told !== digest) throw invalidParameter(`manifest verification failed for digest ${told}`);
      const mediaType = answer.response.headers.get("content-type");
      return { digest, bytes, ...(mediaType ? { mediaType } : {}) };
    }, signal);
  }

  #url(rest: string): URL {
    const { base, path } = this.#options;
    return new URL(`${base.pathname.replace(/\/$/, "")}/v2/${path}/${rest}`, base);
  }
}

/** The address of a Link header (RFC 8288) with the relation `next`, which must be of the same registry. */
function nextPage(link: string | null, from: URL): URL | undefined {
  const target = /^\s*<([^>]{1,2000})>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1];
  if (target === undefined || !URL.canParse(target, from.href)) return undefined;
  const next = new URL(target, from.href);
  return next.origin === from.origin ? next : undefined;
}

function rangeStart(header: string | null): number | undefined {
  const start = /^bytes (\d{1,15})-\d+\/(?:\d+|\*)$/.exec(header ?? "")?.[1];
  return start === undefined ? undefined : Number(start);
}
