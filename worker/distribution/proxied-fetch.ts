import { regardless } from "../internal/failures.ts";
import { proxyHeaders } from "../internal/proxy-headers.ts";
import { type Fetch, NetworkError } from "./http.ts";

/** Where on the proxy a registry's address is found: `BASE/https/ghcr.io/v2/...`. */
export function proxiedUrl(base: string, url: URL): string {
  return `${base.replace(/\/$/, "")}/${url.protocol.slice(0, -1)}/${url.host}${url.pathname}${url.search}`;
}

export interface BrowserFetchOptions {
  readonly fetch: Fetch;
  /** Address of the registry proxy; absent where the page has none. */
  readonly proxy?: string;
}

/**
 * A fetch for pages, which may not talk to most registries themselves (they send no CORS headers): through the proxy, or
 * directly where the proxy does not serve a registry or there is none.
 */
export function browserFetch({ fetch, proxy }: BrowserFetchOptions): Fetch {
  return async (address, init) => {
    const url = new URL(address);
    const answer = proxy === undefined ? "no-proxy" : await throughProxy(fetch, proxiedUrl(proxy, url), init);
    if (typeof answer === "object") return answer;
    try {
      return await fetch(address, init);
    } catch (cause) {
      init.signal?.throwIfAborted();
      const missing =
        answer === "no-proxy" ? "this page has no registry proxy" : "the registry proxy does not serve it";
      throw new NetworkError(
        `cannot reach ${url.host} from this page: it is down, or allows no cross-origin requests (CORS), and ${missing}`,
        {
          cause,
        },
      );
    }
  };
}

/** Answers with a word when the proxy does not serve this registry, or when there is no proxy. */
async function throughProxy(
  fetch: Fetch,
  address: string,
  init: Parameters<Fetch>[1],
): Promise<Response | "not-allowed" | "no-proxy"> {
  const headers = { ...init.headers, [proxyHeaders.request]: "1" };
  const response = await fetch(address, { ...init, headers, redirect: "follow" }).catch((cause: unknown) => {
    init.signal?.throwIfAborted();
    // The browser's own words for it ("Failed to fetch") name neither what was asked nor why it was.
    throw new NetworkError("cannot reach this page's server, which asks registries for it", { cause });
  });
  const problem = response.headers.has(proxyHeaders.request) ? response.headers.get(proxyHeaders.error) : "no-proxy";
  if (problem === null) return withChallenge(response);
  await regardless(response.body?.cancel());
  if (problem === "not-allowed" || problem === "no-proxy") return problem;
  throw new NetworkError(decoded(response.headers.get(proxyHeaders.message)) || "the registry proxy failed", {
    transient: response.status >= 500 && problem !== "untrusted",
    reached: problem === "untrusted",
  });
}

function withChallenge(response: Response): Response {
  const challenge = response.headers.get(proxyHeaders.challenge);
  if (challenge === null) return response;
  const headers = new Headers(response.headers);
  headers.set("www-authenticate", challenge);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

function decoded(text: string | null): string {
  try {
    return decodeURIComponent(text ?? "").slice(0, 500);
  } catch {
    return "";
  }
}
