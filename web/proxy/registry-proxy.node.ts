import type { IncomingMessage, ServerResponse } from "node:http";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { proxyHeaders } from "../../worker/internal/proxy-headers.ts";
import { AllowedRegistries } from "./allowed-registries.node.ts";
import { Realms } from "./realms.node.ts";
import { type Lookup, Refused, Upstream, type UpstreamAnswer } from "./upstream.node.ts";

export interface RegistryProxyOptions {
  /** Path under which the proxy is found, such as `/registry`. */
  readonly prefix: string;
  /** Origins of the page that it serves, such as `http://localhost:8080`; asked at each request. */
  readonly origins: () => readonly string[];
  /** Registries beside the usual ones: `--allow-registry`, each `HOST` or `HOST:PORT`. */
  readonly allowRegistries?: readonly string[];
  readonly limits?: Partial<ProxyLimits>;
  readonly lookup?: Lookup;
}

/** Times are milliseconds, sizes bytes. */
interface ProxyLimits {
  readonly answerTimeout: number;
  readonly idleTimeout: number;
  readonly totalTimeout: number;
  readonly maxBytes: number;
  readonly maxTokenBytes: number;
  readonly maxRequests: number;
}

const defaultLimits: ProxyLimits = {
  answerTimeout: 30_000,
  idleTimeout: 60_000,
  totalTimeout: 3_600_000,
  maxBytes: 16 * 1024 ** 3,
  maxTokenBytes: 1024 * 1024,
  maxRequests: 64,
};

const forwardedRequestHeaders = ["accept", "authorization", "range"] as const;
const forwardedResponseHeaders = [
  "content-type",
  "content-length",
  "content-range",
  "content-encoding",
  "accept-ranges",
  "docker-content-digest",
  "docker-distribution-api-version",
  "etag",
  "link",
  "retry-after",
  "ratelimit-limit",
  "ratelimit-remaining",
] as const;

const realmLifetime = 3_600_000;

export interface RegistryProxy {
  /** Answers the request when it is under the prefix, and says whether it did. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  close(): void;
}

/**
 * A proxy to container registries for one page, which can't reach them itself for want of CORS headers. `PREFIX/https/HOST/v2/...`
 * is `https://HOST/v2/...`. It serves GET and HEAD of its own origin, for a list of registries; token servers and other hosts
 * only because an allowed registry has named them; and never a private address that was not named as such.
 */
export function registryProxy(options: RegistryProxyOptions): RegistryProxy {
  const limits = { ...defaultLimits, ...options.limits };
  const allowed = new AllowedRegistries(options.allowRegistries ?? []);
  const upstream = new Upstream({
    allowed,
    answerTimeout: limits.answerTimeout,
    ...(options.lookup ? { lookup: options.lookup } : {}),
  });
  const realms = new Realms(realmLifetime);
  let active = 0;
  return {
    handle(request, response) {
      const target = targetOf(request.url ?? "", options.prefix);
      if (target === undefined) return false;
      active += 1;
      response.once("close", () => {
        active -= 1;
      });
      const problem =
        (active > limits.maxRequests && refusal(503, "failed", "too many requests at the same time")) ||
        foreign(request, options.origins()) ||
        unserved(request, target, allowed, realms);
      if (problem) answerRefusal(response, problem);
      else if (target) serve({ request, response, target, upstream, allowed, realms, limits });
      return true;
    },
    close: () => upstream.close(),
  };
}

interface Refusal {
  readonly status: number;
  readonly code: "not-allowed" | "failed" | "untrusted";
  readonly message: string;
}

const refusal = (status: number, code: Refusal["code"], message: string): Refusal => ({ status, code, message });

/** The address that a path under the prefix stands for; null when it stands for none, undefined when it is not ours. */
function targetOf(path: string, prefix: string): URL | null | undefined {
  if (path !== prefix && !path.startsWith(`${prefix}/`)) return undefined;
  const match = /^\/(https?)\/([^/?#@\\]+)(\/[^#]*)$/.exec(path.slice(prefix.length));
  const [, scheme, host, rest] = match ?? [];
  const text = `${scheme}://${host}${rest}`;
  if (!match || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.username === "" && url.password === "" ? url : null;
}

/** What another site, or another name of this server, may not do. */
function foreign(request: IncomingMessage, origins: readonly string[]): Refusal | undefined {
  const { host, origin } = request.headers;
  const site = request.headers["sec-fetch-site"];
  const hosts = origins.map((own) => new URL(own).host);
  const isOwn =
    host !== undefined &&
    hosts.includes(host) &&
    (origin === undefined || (origins.includes(origin) && new URL(origin).host === host)) &&
    (site === undefined || site === "same-origin") &&
    request.headers[proxyHeaders.request] !== undefined;
  return isOwn ? undefined : refusal(403, "failed", "the registry proxy serves its own page alone");
}

function unserved(
  request: IncomingMessage,
  target: URL | null,
  allowed: AllowedRegistries,
  realms: Realms,
): Refusal | undefined {
  if (request.method !== "GET" && request.method !== "HEAD")
    return refusal(405, "failed", "only GET and HEAD are served");
  if (target === null) return refusal(400, "failed", "malformed address");
  if (isRegistryRequest(allowed, target) || realms.knows(target)) return undefined;
  return refusal(403, "not-allowed", `the registry proxy does not serve ${target.host}`);
}

/** Names, tags and digests need no escapes, which a server could take for the slashes that lead out of `/v2/`. */
const registryPath = /^\/v2\/[\w.:+/-]*$/;

/** Anything else is a token server's. */
function isRegistryRequest(allowed: AllowedRegistries, target: URL): boolean {
  return allowed.serves(target) && registryPath.test(target.pathname);
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: URL;
  readonly upstream: Upstream;
  readonly allowed: AllowedRegistries;
  readonly realms: Realms;
  readonly limits: ProxyLimits;
}

async function serve(exchange: Exchange): Promise<void> {
  const { request, response, target, upstream, limits } = exchange;
  const abort = new AbortController();
  const total = setTimeout(() => abort.abort(new Error("it took too long")), limits.totalTimeout);
  response.once("close", () => {
    clearTimeout(total);
    abort.abort(new Error("the page is gone"));
  });
  try {
    const method = request.method === "HEAD" ? "HEAD" : "GET";
    const answer = await upstream.request(target, { method, headers: upstreamHeaders(request), signal: abort.signal });
    await relay(exchange, answer);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else answerRefusal(response, describe(error, target));
  }
}

async function relay({ response, target, allowed, realms, limits }: Exchange, answer: UpstreamAnswer): Promise<void> {
  const { response: incoming, url } = answer;
  const isRegistry = isRegistryRequest(allowed, target);
  const maxBytes = isRegistry ? limits.maxBytes : limits.maxTokenBytes;
  if (Number(incoming.headers["content-length"] ?? 0) > maxBytes) {
    incoming.destroy();
    throw new Refused(`the answer is larger than ${maxBytes} bytes`);
  }
  const challenge = incoming.headers["www-authenticate"];
  // A host that a registry redirects to speaks for itself, not for the registry.
  if (isRegistry && url.host === target.host && url.protocol === target.protocol) realms.learn(challenge, target);
  const headers = forwardedResponseHeaders.flatMap((name) => {
    const value = incoming.headers[name];
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  response.writeHead(incoming.statusCode ?? 502, {
    ...Object.fromEntries(headers),
    ...(challenge === undefined ? {} : { [proxyHeaders.challenge]: challenge }),
    ...ownHeaders,
  });
  incoming.setTimeout(limits.idleTimeout, () => incoming.destroy(new Error("the registry stopped sending")));
  await pipeline(incoming, bounded(maxBytes), response);
}

/** What a registry sends must never be taken for a page of this origin. */
const ownHeaders = {
  [proxyHeaders.request]: "1",
  "cache-control": "no-store",
  "content-security-policy": "sandbox; default-src 'none'",
  "content-disposition": "attachment",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff",
} as const;

function bounded(maxBytes: number): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.length;
      if (size > maxBytes) done(new Error(`the answer is larger than ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
}

function upstreamHeaders(request: IncomingMessage): Record<string, string> {
  const headers = forwardedRequestHeaders.flatMap((name) => {
    const value = request.headers[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(headers), "accept-encoding": "identity", "user-agent": "wherry" };
}

function answerRefusal(response: ServerResponse, { status, code, message }: Refusal): void {
  response.writeHead(status, {
    ...ownHeaders,
    "content-type": "text/plain; charset=utf-8",
    [proxyHeaders.error]: code,
    // In a header too: the answer to a HEAD has no body.
    [proxyHeaders.message]: encodeURIComponent(message.slice(0, 500)),
  });
  response.end(message);
}

/** Node's codes for a certificate that it does not accept. */
const certificateCodes =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_CERT_\w+)$/;

function describe(error: unknown, target: URL): Refusal {
  if (error instanceof Refused) return refusal(403, "failed", error.message);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const text = error instanceof Error ? error.message : String(error);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return refusal(502, "failed", `dial tcp: lookup ${target.hostname}: no such host`);
  }
  if (code === "ECONNREFUSED") return refusal(502, "failed", `dial tcp ${target.host}: connect: connection refused`);
  if (code === "EPROTO") return refusal(502, "failed", "http: server gave HTTP response to HTTPS client");
  if (certificateCodes.test(code)) {
    const why = /EXPIRED|NOT_YET/.test(code) ? "has expired or is not yet valid" : "signed by unknown authority";
    const about = code === "ERR_TLS_CERT_ALTNAME_INVALID" ? `is not valid for ${target.hostname}` : why;
    return refusal(502, "untrusted", `tls: failed to verify certificate: x509: certificate ${about}`);
  }
  return refusal(502, "failed", text);
}
