import { errorMessage } from "../errdefs/errors.ts";
import { abortable } from "../internal/abort.ts";
import { readWhole } from "../internal/bytes.ts";
import { regardless } from "../internal/failures.ts";

/** The part of `fetch` that a registry client needs. The environment hands it in. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

interface FetchInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly redirect?: "manual" | "follow";
  readonly signal?: AbortSignal;
}

/** Bounds on what a registry can cost. Times are milliseconds. */
export interface Limits {
  /** Until the head of an answer is there. */
  readonly answerTimeout: number;
  /** Between two pieces of a body. */
  readonly idleTimeout: number;
  /** How often a request or a transfer is tried. */
  readonly attempts: number;
  /** Wait before attempt `attempt + 1`, counted from 1. */
  readonly retryDelay: (attempt: number) => number;
  /** How many layers are transferred at the same time. */
  readonly parallelLayers: number;
}

export const defaultLimits: Limits = {
  answerTimeout: 30_000,
  idleTimeout: 60_000,
  attempts: 5,
  retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 8000),
  parallelLayers: 3,
};

interface NetworkErrorOptions extends ErrorOptions {
  readonly transient?: boolean;
  readonly reached?: boolean;
}

/** No answer, or a broken one. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  /** Another attempt may do better. */
  readonly transient: boolean;
  /** Somebody is there and speaks the protocol, but is not to be trusted. */
  readonly reached: boolean;

  constructor(message: string, options: NetworkErrorOptions = {}) {
    super(message, options);
    this.transient = options.transient ?? false;
    this.reached = options.reached ?? false;
  }
}

/** Aborts what is under way when nothing was heard for a while, or when the caller gives up. */
export class Watchdog {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #stop = () => this.#controller.abort(this.#outer?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted) this.#controller.abort(outer.reason);
    else outer?.addEventListener("abort", this.#stop, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Gives it `milliseconds` from now on. */
  feed(milliseconds: number, message: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#controller.abort(new NetworkError(message, { transient: true })),
      milliseconds,
    );
  }

  /** Ends the watch. Call it in any case. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#stop);
  }
}

/** Go's texts for what can go wrong below HTTP, since those are what Docker's users know. */
const causes: Readonly<Record<string, string>> = {
  ENOTFOUND: "no such host",
  EAI_AGAIN: "no such host",
  ENETUNREACH: "connect: network is unreachable",
  EHOSTUNREACH: "connect: no route to host",
  ECONNRESET: "read: connection reset by peer",
  ETIMEDOUT: "i/o timeout",
  UND_ERR_CONNECT_TIMEOUT: "i/o timeout",
  UND_ERR_SOCKET: "EOF",
  ERR_SSL_WRONG_VERSION_NUMBER: "http: server gave HTTP response to HTTPS client",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "http: server gave HTTP response to HTTPS client",
};

const certificateCauses: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "certificate signed by unknown authority",
  SELF_SIGNED_CERT_IN_CHAIN: "certificate signed by unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT: "certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificate signed by unknown authority",
  CERT_HAS_EXPIRED: "certificate has expired or is not yet valid",
  CERT_NOT_YET_VALID: "certificate has expired or is not yet valid",
  CERT_REVOKED: "certificate is revoked",
  ERR_TLS_CERT_ALTNAME_INVALID: "certificate is not valid for this name",
};

const transientCodes: readonly string[] = [
  "ECONNRESET",
  "ETIMEDOUT",
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT",
  "EPIPE",
];

/** Says what `fetch` rejected with in the words of Go's net/http. `line` is what was asked for, as `requestLine` writes it. */
export function networkError(line: string, url: URL, cause: unknown): NetworkError {
  if (cause instanceof NetworkError) {
    const text = cause.message.startsWith("Get ") ? cause.message : `${line}: ${cause.message}`;
    return new NetworkError(text, { cause, transient: cause.transient, reached: cause.reached });
  }
  const root = rootOf(cause);
  const code = codeOf(root);
  const certificate = certificateCauses[code];
  return new NetworkError(
    `${line}: ${certificate ? verificationText(certificate, root, url) : dialText(code, root, url)}`,
    {
      cause,
      transient: transientCodes.includes(code),
      reached: certificate !== undefined,
    },
  );
}

function dialText(code: string, cause: unknown, url: URL): string {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  // Node tells the address that the name stands for.
  const { address = url.hostname } = Object(cause) as { readonly address?: unknown };
  const host = String(address).includes(":") && address !== url.hostname ? `[${address}]` : address;
  if (code === "ECONNREFUSED") return `dial tcp ${host}:${port}: connect: connection refused`;
  const text = causes[code] ?? errorMessage(cause);
  return code === "ENOTFOUND" || code === "EAI_AGAIN" ? `dial tcp: lookup ${url.hostname}: ${text}` : text;
}

/** Node tells the names that a certificate is for with the error that they are not the one that was asked for. */
function verificationText(text: string, cause: unknown, url: URL): string {
  const { cert } = Object(cause) as { readonly cert?: { readonly subjectaltname?: unknown } };
  const names = typeof cert?.subjectaltname === "string" ? cert.subjectaltname.slice(0, 500) : undefined;
  const valid = names?.replaceAll(/(?:DNS|IP Address):/g, "");
  return `tls: failed to verify certificate: x509: ${valid === undefined ? text : `certificate is valid for ${valid}, not ${url.hostname}`}`;
}

/** What was asked for, as Go's client begins its errors: `Get "https://..."`. */
export function requestLine({ method, url }: { readonly method: string; readonly url: URL }): string {
  return `${method.slice(0, 1)}${method.slice(1).toLowerCase()} "${url.href}"`;
}

/** What is at the bottom of an error of `fetch`: it is named as cause, or stands within an AggregateError there. */
function rootOf(error: unknown): unknown {
  let root = error;
  for (let next = causeOf(root); next !== undefined; next = causeOf(root)) root = next;
  return root;
}

function causeOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors[0];
  return error instanceof Error && codeOf(error) === "" ? error.cause : undefined;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

export interface ReadOptions {
  readonly watchdog: Watchdog;
  readonly idleTimeout: number;
}

/** The pieces of a body. Ends the watch, whatever happens; a body that stops coming or breaks is a NetworkError. */
export async function* readBody(
  response: Response,
  { watchdog, idleTimeout }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  try {
    while (reader) {
      watchdog.feed(idleTimeout, "i/o timeout: the registry stopped sending");
      // A body may ignore the signal of its fetch (a proxy's wrapper, a test's double).
      const { done, value } = await abortable(reader.read(), watchdog.signal);
      if (done) break;
      yield value;
    }
  } catch (cause) {
    watchdog.signal.throwIfAborted();
    throw new NetworkError("unexpected EOF", { cause, transient: true });
  } finally {
    watchdog.dispose();
    await regardless(reader?.cancel());
  }
}

/** Reads a small body whole. A larger one is an error: the registry sends what was not asked for. */
export function readSmallBody(response: Response, limit: number, options: ReadOptions): Promise<Uint8Array> {
  const tooLarge = () => new NetworkError(`the registry's answer is larger than ${limit} bytes`);
  return readWhole(readBody(response, options), limit, tooLarge);
}
