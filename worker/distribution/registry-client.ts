import type { Clock } from "../internal/clock.ts";
import { regardless } from "../internal/failures.ts";
import type { Authorizer } from "./authorizer.ts";
import { type Fetch, type Limits, NetworkError, networkError, readSmallBody, requestLine, Watchdog } from "./http.ts";
import { RegistryError, registryError, tokenError } from "./registry-error.ts";

export interface RegistryClientComponents {
  readonly fetch: Fetch;
  readonly clock: Pick<Clock, "sleep">;
  readonly authorizer: Authorizer;
  readonly limits: Limits;
}

export interface RegistryRequest {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  /** What a token must allow, as `repository:library/busybox:pull`. */
  readonly scope: string;
  readonly signal?: AbortSignal | undefined;
}

/** With a form it is a POST. */
interface SentRequest extends RegistryRequest {
  readonly form?: URLSearchParams | undefined;
}

/** A success, whose body is to be read under `watchdog`. Dispose of the watchdog when the body is not read. */
export interface RegistryAnswer {
  readonly response: Response;
  readonly watchdog: Watchdog;
}

const redirectLimit = 5;
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];
const smallBodyLimit = 64 * 1024;
const tokenLimit = 1024 * 1024;

/** HTTP as registries speak it: challenges, redirects, time-outs, errors. Does not try twice; see `withRetries`. */
export class RegistryClient {
  readonly #components: RegistryClientComponents;
  #answered = false;

  constructor(components: RegistryClientComponents) {
    this.#components = components;
  }

  /** Whether anything was answered: if so, what fails later is no matter of the address. */
  get hasAnswered(): boolean {
    return this.#answered;
  }

  get limits(): Limits {
    return this.#components.limits;
  }

  /** Resolves with a success. Rejects with RegistryError for any other answer, and with NetworkError for none. */
  async request(url: URL, request: RegistryRequest): Promise<RegistryAnswer> {
    const { authorizer } = this.#components;
    for (let attempt = 1; ; attempt += 1) {
      const authorization = authorizer.authorization(request.scope);
      const answer = await this.#follow(url, request, authorization);
      const { response } = answer;
      if (response.ok) return answer;
      const error = registryError(response, await this.#readSmall(answer));
      if (response.status !== 401 || attempt > 2) throw error;
      const method = request.method ?? "GET";
      const sent = { method, url, scope: request.scope, ...(authorization ? { authorization } : {}) };
      const again = await authorizer
        .accept(response, sent, (realm, credentials, form) =>
          this.#requestToken(realm, credentials, { scope: "", form, signal: request.signal }),
        )
        .catch((refusal: unknown) => {
          throw refusal instanceof RegistryError ? tokenError(refusal, sent) : refusal;
        });
      if (!again) throw error;
    }
  }

  /** Reads a whole small body. */
  async readWhole({ response, watchdog }: RegistryAnswer, limit: number): Promise<Uint8Array> {
    return readSmallBody(response, limit, { watchdog, idleTimeout: this.limits.idleTimeout });
  }

  /** Tries what may do better another time, with growing pauses. */
  async withRetries<T>(action: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await action();
      } catch (error) {
        signal?.throwIfAborted();
        if (!isTransient(error) || attempt >= Math.min(3, this.limits.attempts)) throw error;
        await this.#components.clock.sleep(this.limits.retryDelay(attempt), signal);
      }
    }
  }

  async #requestToken(url: URL, authorization: string | undefined, request: SentRequest): Promise<unknown> {
    // What a form holds is for the realm alone: no redirect takes it elsewhere.
    const answer = await (request.form
      ? this.#send(url, request, undefined)
      : this.#follow(url, request, authorization));
    if (!answer.response.ok) throw registryError(answer.response, await this.#readSmall(answer));
    const text = new TextDecoder().decode(await this.readWhole(answer, tokenLimit));
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new NetworkError("the registry's token server did not answer with JSON", { cause });
    }
  }

  /** Follows redirects itself, so that credentials stay with the host that they are for. */
  async #follow(url: URL, request: RegistryRequest, authorization: string | undefined): Promise<RegistryAnswer> {
    let current = url;
    let credentials = authorization;
    for (let hop = 0; hop <= redirectLimit; hop += 1) {
      const answer = await this.#send(current, request, credentials);
      const location = answer.response.headers.get("location");
      if (!redirectStatuses.includes(answer.response.status) || !location) return answer;
      await this.#discard(answer);
      const next = redirectTarget(location, current);
      if (next.host !== current.host) credentials = undefined;
      current = next;
    }
    throw new NetworkError(`Get "${url.href}": stopped after ${redirectLimit} redirects`);
  }

  async #send(url: URL, request: SentRequest, authorization: string | undefined): Promise<RegistryAnswer> {
    const watchdog = new Watchdog(request.signal);
    watchdog.feed(
      this.limits.answerTimeout,
      "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
    );
    const { form } = request;
    const type = "application/x-www-form-urlencoded";
    const init = {
      method: form ? "POST" : (request.method ?? "GET"),
      headers: { ...request.headers, ...(authorization && { authorization }), ...(form && { "content-type": type }) },
      ...(form && { body: form.toString() }),
      signal: watchdog.signal,
    };
    try {
      const response = await this.#components.fetch(url.href, { ...init, redirect: "manual" });
      // A page may not look into redirects; its browser drops Authorization itself where the origin changes.
      const hidden = response.type === "opaqueredirect" && !form;
      const seen = hidden ? await this.#components.fetch(url.href, { ...init, redirect: "follow" }) : response;
      this.#answered = true;
      return { response: seen, watchdog };
    } catch (error) {
      watchdog.dispose();
      request.signal?.throwIfAborted();
      // Docker asks `/v2/` before all else, so that is what its users see when nobody is there.
      const asked = this.#answered ? { method: init.method, url } : { method: "GET", url: new URL("/v2/", url) };
      throw networkError(requestLine(asked), url, watchdog.signal.aborted ? watchdog.signal.reason : error);
    }
  }

  async #readSmall(answer: RegistryAnswer): Promise<Uint8Array> {
    return this.readWhole(answer, smallBodyLimit).catch(() => new Uint8Array(0));
  }

  async #discard({ response, watchdog }: RegistryAnswer): Promise<void> {
    watchdog.dispose();
    await regardless(response.body?.cancel());
  }
}

/** Whether the same request may succeed a moment later. */
export function isTransient(error: unknown): boolean {
  return (error instanceof RegistryError || error instanceof NetworkError) && error.transient;
}

function redirectTarget(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw new NetworkError("the registry redirects to an invalid address");
  const next = new URL(location, from.href);
  const allowed = next.protocol === "https:" || (next.protocol === "http:" && from.protocol === "http:");
  if (!allowed) throw new NetworkError(`the registry redirects from ${from.protocol} to ${next.protocol}: refused`);
  return next;
}
