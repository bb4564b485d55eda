import type { AuthConfig } from "../api/types/common.ts";
import type { CreateSha256 } from "../archive/sha256.ts";
import { invalidParameter, isEngineError, unauthorized } from "../errdefs/errors.ts";
import type { Clock } from "../internal/clock.ts";
import { defaultDomain, type Reference, tagNameOnly } from "../reference/reference.ts";
import { Authorizer } from "./authorizer.ts";
import { parseMirror, type RegistryOptions, registryEndpoints } from "./endpoints.ts";
import { defaultLimits, type Fetch, type Limits, NetworkError } from "./http.ts";
import type { BundledRegistry } from "./layout.ts";
import { RegistryClient } from "./registry-client.ts";
import { pullError, RegistryError } from "./registry-error.ts";
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

  /** Tries credentials at the registry that they name. Rejects with `Unauthorized` when they are refused. */
  async login(auth: AuthConfig, signal?: AbortSignal): Promise<void> {
    const domain = registryOf(auth.serveraddress ?? "");
    let failure: unknown;
    for (const base of registryEndpoints(domain, this.#registries)) {
      try {
        const client = this.#client(new Authorizer(auth));
        const { response, watchdog } = await client.request(new URL("/v2/", base), { scope: "", signal });
        watchdog.dispose();
        await response.body?.cancel();
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof RegistryError && error.status === 401) {
          throw unauthorized(`login attempt to ${base.origin}/v2/ failed with status: 401 Unauthorized`, {
            cause: error,
          });
        }
        failure = error;
        if (!(error instanceof NetworkError)) break;
      }
    }
    throw pullError(failure, { domain, path: "" });
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
    const { createSha256 } = this.#components;
    const client = this.#client(authorizer);
    const repository = new RemoteRepository({ client, createSha256, base, path: reference.path });
    return { repository, ...(await repository.resolve(name, signal)) };
  }

  #client(authorizer: Authorizer): RegistryClient {
    const { fetch, clock } = this.#components;
    return new RegistryClient({ fetch, clock, authorizer, limits: this.limits });
  }
}

/** The registry of a `docker login`: a host, or an address as the CLI keeps them, such as `https://index.docker.io/v1/`. */
function registryOf(address: string): string {
  const host = /^(?:https?:\/\/)?([^/?#@\\]*)/.exec(address)?.[1] ?? "";
  if (host === "" || host === "index.docker.io" || host === "registry-1.docker.io") return defaultDomain;
  if (!URL.canParse(`https://${host}`)) throw invalidParameter(`invalid registry address ${JSON.stringify(address)}`);
  return host;
}
