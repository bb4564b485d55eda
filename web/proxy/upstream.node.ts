import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { promisify } from "node:util";
import { type AllowedRegistries, hostAddress } from "./allowed-registries.node.ts";

export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>;

export interface UpstreamOptions {
  readonly allowed: AllowedRegistries;
  readonly lookup?: Lookup;
  /** Milliseconds until the head of an answer is there. */
  readonly answerTimeout: number;
}

export interface UpstreamRequest {
  readonly method: "GET" | "HEAD";
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** An answer, and where it came from after redirects. */
export interface UpstreamAnswer {
  readonly response: IncomingMessage;
  readonly url: URL;
}

/** The proxy will not do that; the message says why. */
export class Refused extends Error {
  override readonly name = "Refused";
}

const redirectLimit = 5;
const redirects: readonly (number | undefined)[] = [301, 302, 303, 307, 308];

/** Talks to registries: resolves each name once, looks at the address, and connects to that very address. */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #lookup: Lookup;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 16, timeout: 60_000 });
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: 16, timeout: 60_000 });

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#lookup = options.lookup ?? ((hostname) => promisify(systemLookup)(hostname, { all: true }));
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  /** Follows redirects; credentials stay with the host that they are for. Rejects with Refused, or with what Node says. */
  async request(start: URL, request: UpstreamRequest): Promise<UpstreamAnswer> {
    let url = start;
    let headers = request.headers;
    for (let hop = 0; hop <= redirectLimit; hop += 1) {
      const response = await this.#send(url, { ...request, headers });
      const { location } = response.headers;
      if (!redirects.includes(response.statusCode) || location === undefined) return { response, url };
      response.destroy();
      const next = target(location, url);
      if (next.host !== url.host || next.protocol !== url.protocol) headers = withoutAuthorization(headers);
      url = next;
    }
    throw new Refused(`stopped after ${redirectLimit} redirects`);
  }

  async #send(url: URL, { method, headers, signal }: UpstreamRequest): Promise<IncomingMessage> {
    const { address, family } = await this.#resolve(url);
    signal.throwIfAborted();
    const secure = url.protocol === "https:";
    const options = {
      method,
      host: address,
      family,
      port: url.port || (secure ? 443 : 80),
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, host: url.host },
      signal,
    };
    return new Promise((resolve, reject) => {
      const servername = hostAddress(url) === undefined ? url.hostname : "";
      const outgoing = secure
        ? requestHttps({ ...options, servername, agent: this.#https })
        : requestHttp({ ...options, agent: this.#http });
      const timer = setTimeout(
        () => outgoing.destroy(new Error("Client.Timeout exceeded while awaiting headers")),
        this.#options.answerTimeout,
      );
      // Also without an error: an answer that changes the protocol ends like that.
      outgoing.once("close", () => {
        clearTimeout(timer);
        reject(new Error("EOF"));
      });
      outgoing.once("error", reject);
      outgoing.once("response", (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      outgoing.end();
    });
  }

  /** All addresses of the name must be allowed: a name with one foot inside is not to be trusted with the other. */
  async #resolve(url: URL): Promise<LookupAddress> {
    const literal = hostAddress(url);
    const found =
      literal === undefined
        ? await this.#lookup(url.hostname)
        : [{ address: literal, family: literal.includes(":") ? 6 : 4 }];
    const bad = found.find(({ address }) => !this.#options.allowed.mayConnect(url, address));
    if (bad) throw new Refused(`${url.protocol}//${url.host} is not allowed: it leads to ${bad.address}`);
    const [first] = found;
    if (!first) throw new Error(`lookup ${url.hostname}: no such host`);
    return first;
  }
}

function target(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw new Refused("the registry redirects to an invalid address");
  const next = new URL(location, from.href);
  if (next.protocol !== "https:" && !(next.protocol === "http:" && from.protocol === "http:")) {
    throw new Refused(`the registry redirects from ${from.protocol} to ${next.protocol}`);
  }
  return next;
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "authorization"));
}
