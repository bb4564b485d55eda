import type { AuthConfig } from "../api/types/common.ts";
import type { CreateSha256 } from "../archive/sha256.ts";
import { isEngineError } from "../errdefs/errors.ts";
import type { Clock } from "../internal/clock.ts";
import { defaultDomain, type Reference, tagNameOnly } from "../reference/reference.ts";
import { Authorizer } from "./authorizer.ts";
import { parseMirror, type RegistryOptions, registryEndpoints } from "./endpoints.ts";
import { defaultLimits, type Fetch, type Limits, NetworkError } from "./http.ts";
import type { BundledRegistry } from "./layout.ts";
import { RegistryClient } from "./registry-client.ts";
import { pullError } from "./registry-error.ts";
import { RemoteRepository, type Repository, type ResolvedManifest } from "./repository.ts";

export interface ResolverComponents {
  readonly fetch: Fetch;
  readonly createSha256: CreateSha256;
  readonly clock: Pick<Clock, "sleep">;
  /** Absent with `--no-bundled-registry`. */
  readonly bundled?: BundledRegistry;
  readonly limits?: Partial<Limits>;
}

/** What a reference names, and where it was found: all that belongs to it is fetched from there. */
export interface ResolvedImage extends ResolvedManifest {
  readonly repository: Repository;
}

/** Finds images: the user's mirrors, the bundled registry for docker.io/library, then the registry that the name says. */
export class Resolver {
  readonly #components: ResolverComponents;
  readonly #registries: RegistryOptions;
  readonly #mirrors: readonly URL[];
  /** Which address of a registry answered last: the others need not be tried again. */
  readonly #working = new Map<string, string>();

  /** Rejects a malformed mirror with `InvalidParameter`. */
  constructor(components: ResolverComponents, registries: RegistryOptions) {
    this.#components = components;
    this.#registries = registries;
    this.#mirrors = registries.mirrors.map(parseMirror);
  }

  get limits(): Limits {
    return { ...defaultLimits, ...this.#components.limits };
  }

  /** Rejects with Docker's words for what the registry answered. */
  async resolve(
    reference: Reference,
    options: { readonly auth?: AuthConfig; readonly signal?: AbortSignal } = {},
  ): Promise<ResolvedImage> {
    const { digest, tag } = tagNameOnly(reference);
    const name = digest ?? tag ?? "latest";
    const early =
      (await this.#fromMirrors(reference, name, options.signal)) ??
      (await this.#fromBundle(reference, name, options.signal));
    if (early) return early;
    try {
      return await this.#fromRegistry(reference, name, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw pullError(error, tagNameOnly(reference));
    }
  }

  /** A mirror that fails in any way is passed over, as dockerd does. It never gets the user's credentials. */
  async #fromMirrors(reference: Reference, name: string, signal?: AbortSignal): Promise<ResolvedImage | undefined> {
    if (reference.domain !== defaultDomain) return undefined;
    for (const mirror of this.#mirrors) {
      try {
        return await this.#ask(mirror, reference, name, new Authorizer(), signal);
      } catch {
        signal?.throwIfAborted();
      }
    }
    return undefined;
  }

  /** A bundle that can't be read must not keep the user from the registry. */
  async #fromBundle(reference: Reference, name: string, signal?: AbortSignal): Promise<ResolvedImage | undefined> {
    const { bundled } = this.#components;
    if (!bundled || reference.domain !== defaultDomain || !reference.path.startsWith("library/")) return undefined;
    try {
      const repository = await bundled.find(reference, signal);
      return repository && { repository, ...(await repository.resolve(name, signal)) };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof NetworkError || isEngineError(error)) return undefined;
      throw error;
    }
  }

  async #fromRegistry(
    reference: Reference,
    name: string,
    { auth, signal }: { readonly auth?: AuthConfig; readonly signal?: AbortSignal },
  ): Promise<ResolvedImage> {
    const all = registryEndpoints(reference.domain, this.#registries);
    const known = this.#working.get(reference.domain);
    const endpoints = all.filter((endpoint) => known === undefined || endpoint.origin === known);
    let failure: unknown;
    for (const endpoint of endpoints) {
      try {
        const image = await this.#ask(endpoint, reference, name, new Authorizer(auth), signal);
        this.#working.set(reference.domain, endpoint.origin);
        return image;
      } catch (error) {
        signal?.throwIfAborted();
        // Only silence sends us to the next address: what a registry answers is its answer.
        if (!(error instanceof NetworkError)) throw error;
        failure = error;
        this.#working.delete(reference.domain);
      }
    }
    throw failure;
  }

  async #ask(
    base: URL,
    reference: Reference,
    name: string,
    authorizer: Authorizer,
    signal?: AbortSignal,
  ): Promise<ResolvedImage> {
    const { fetch, clock, createSha256 } = this.#components;
    const client = new RegistryClient({ fetch, clock, authorizer, limits: this.limits });
    const repository = new RemoteRepository({ client, createSha256, base, path: reference.path });
    return { repository, ...(await repository.resolve(name, signal)) };
  }
}
