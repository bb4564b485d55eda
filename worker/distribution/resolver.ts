import type { AuthConfig } from "../api/types/common.ts";
import type { CreateSha256 } from "../archive/sha256.ts";
import { invalidParameter, isEngineError, system } from "../errdefs/errors.ts";
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

interface RegistryRequestOptions {
  readonly auth?: AuthConfig;
  readonly signal?: AbortSignal;
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

  /** Which manifest `reference` names now. Rejects with Docker's words for what the registry answered. */
  async resolve(reference: Reference, options: RegistryRequestOptions = {}): Promise<ResolvedImage> {
    const named = tagNameOnly(reference);
    const name = named.digest ?? named.tag ?? "latest";
    return this.withRepository(named, options, async (repository) => ({
      repository,
      ...(await repository.resolve(name, options.signal)),
    }));
  }

  /**
   * Does something with the repository of `reference`, at the best place where it succeeds. As with dockerd, a mirror that fails
   * in any way is passed over; so is a bundle that lacks something, which must not keep the user from the registry. Rejects
   * with Docker's words for what the registry itself answered.
   */
  async withRepository<T>(
    reference: Reference,
    options: RegistryRequestOptions,
    action: (repository: Repository) => Promise<T>,
  ): Promise<T> {
    try {
      for await (const repository of this.#passable(reference, options.signal)) {
        try {
          return await action(repository);
        } catch (error) {
          options.signal?.throwIfAborted();
          if (!isOfPlace(error)) throw error;
        }
      }
      return await this.#atRegistry(reference.domain, options, (client, base) =>
        action(this.#remote(client, base, reference)),
      );
    } catch (error) {
      options.signal?.throwIfAborted();
      throw pullError(error, reference);
    }
  }

  /** Tries credentials at the registry that they name. Rejects in Docker's words when they are refused. */
  async login(auth: AuthConfig, signal?: AbortSignal): Promise<void> {
    const domain = registryOf(auth.serveraddress ?? "");
    try {
      await this.#atRegistry(domain, { auth, ...(signal ? { signal } : {}) }, async (client, base) => {
        const url = new URL("/v2/", base);
        const { response, watchdog } = await client.request(url, { scope: "", signal }).catch((cause: unknown) => {
          if (!(cause instanceof RegistryError)) throw cause;
          const status = `${cause.status} ${cause.statusText}`.trim();
          throw system(`login attempt to ${url.href} failed with status: ${status}`, { cause });
        });
        watchdog.dispose();
        await response.body?.cancel();
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw pullError(error, { domain, path: "" });
    }
  }

  /** Places beside the registry itself, best first. They never get the user's credentials. */
  async *#passable(reference: Reference, signal: AbortSignal | undefined): AsyncGenerator<Repository> {
    if (reference.domain !== defaultDomain) return;
    for (const mirror of this.#mirrors) yield this.#remote(this.#client(new Authorizer()), mirror, reference);
    const { bundled } = this.#components;
    if (!bundled || !reference.path.startsWith("library/")) return;
    try {
      const repository = await bundled.find(reference, signal);
      if (repository) yield repository;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isOfPlace(error)) throw error;
    }
  }

  async #atRegistry<T>(
    domain: string,
    { auth, signal }: RegistryRequestOptions,
    action: (client: RegistryClient, base: URL) => Promise<T>,
  ): Promise<T> {
    const known = this.#working.get(domain);
    const all = registryEndpoints(domain, this.#registries);
    let failure: unknown;
    for (const endpoint of all.filter(({ origin }) => known === undefined || origin === known)) {
      const client = this.#client(new Authorizer(auth));
      try {
        return await action(client, endpoint);
      } catch (error) {
        signal?.throwIfAborted();
        // Only silence sends us to the next address: what a registry answers is its answer.
        if (!(error instanceof NetworkError) || error.reached || client.hasAnswered) throw error;
        failure = error;
        this.#working.delete(domain);
      } finally {
        if (client.hasAnswered) this.#working.set(domain, endpoint.origin);
      }
    }
    throw failure;
  }

  #remote(client: RegistryClient, base: URL, { path }: Reference): Repository {
    return new RemoteRepository({ client, createSha256: this.#components.createSha256, base, path });
  }

  #client(authorizer: Authorizer): RegistryClient {
    const { fetch, clock } = this.#components;
    return new RegistryClient({ fetch, clock, authorizer, limits: this.limits });
  }
}

/** Whether another place may do better: not when it is our own disk that is full. */
function isOfPlace(error: unknown): boolean {
  const isAnswer = error instanceof RegistryError || error instanceof NetworkError;
  return isAnswer || isEngineError(error, "InvalidParameter") || isEngineError(error, "NotFound");
}

/** The registry of a `docker login`: a host, or an address as the CLI keeps them, such as `https://index.docker.io/v1/`. */
function registryOf(address: string): string {
  const host = /^(?:https?:\/\/)?([^/?#@\\]*)/.exec(address)?.[1] ?? "";
  if (host === "" || host === "index.docker.io" || host === "registry-1.docker.io") return defaultDomain;
  if (!URL.canParse(`https://${host}`)) throw invalidParameter(`invalid registry address ${JSON.stringify(address)}`);
  return host;
}
