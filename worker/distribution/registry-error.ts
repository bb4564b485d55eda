import {
  type EngineError,
  errorMessage,
  forbidden,
  invalidParameter,
  isEngineError,
  notFound,
  system,
  tooManyRequests,
  unauthorized,
  unavailable,
} from "../errdefs/errors.ts";
import { isObject } from "../oci/json.ts";
import { familiarName, familiarString, type Reference } from "../reference/reference.ts";
import { parseChallenges } from "./challenge.ts";
import { NetworkError, requestLine } from "./http.ts";

/** The error codes of the distribution-spec that matter to a pull, with the message that stands for each of them. */
const defaultMessages: Readonly<Record<string, string>> = {
  UNKNOWN: "unknown error",
  UNSUPPORTED: "The operation is unsupported.",
  UNAUTHORIZED: "authentication required",
  DENIED: "requested access to the resource is denied",
  UNAVAILABLE: "service unavailable",
  TOOMANYREQUESTS: "too many requests",
  NAME_INVALID: "invalid repository name",
  NAME_UNKNOWN: "repository name not known to registry",
  MANIFEST_UNKNOWN: "manifest unknown",
  BLOB_UNKNOWN: "blob unknown to registry",
};

const messageLimit = 2000;

/** An answer of a registry that is no success. The message reads like that of Docker's registry client. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly status: number;
  /** From the distribution-spec's table; empty when the registry gave none. */
  readonly code: string;
  /** Docker words an error differently when the registry said more than its code. */
  readonly detailed: boolean;
  /** The status in words, where the answer had any. */
  readonly statusText: string;

  constructor(answer: Pick<Response, "status" | "statusText">, code: string, message: string, detailed: boolean) {
    super(message);
    this.status = answer.status;
    this.statusText = answer.statusText;
    this.code = code;
    this.detailed = detailed;
  }

  /** Another attempt may do better. */
  get transient(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/** Reads an error answer as Docker does: the challenge's own error first, then the JSON body, then the status. */
export function registryError(response: Response, body: Uint8Array): RegistryError {
  const { status } = response;
  // A redirect that says no address is no answer either.
  if (status >= 500 || status < 400) {
    const text = `received unexpected HTTP status: ${status} ${response.statusText}`.trim();
    return new RegistryError(response, "", text, false);
  }
  for (const { scheme, parameters } of parseChallenges(response.headers.get("www-authenticate"))) {
    const code = scheme === "bearer" ? bearerErrors[parameters.error ?? ""] : undefined;
    if (code) return fromCode(response, code, parameters.error_description, true);
  }
  const text = new TextDecoder().decode(body).slice(0, messageLimit);
  const document = parsed(text);
  const [first] = Array.isArray(document?.errors) ? document.errors : [];
  if (isObject(first)) {
    const code = typeof first.code === "string" ? first.code.toUpperCase() : "";
    const message = typeof first.message === "string" ? first.message : undefined;
    return fromCode(response, code, message, first.detail !== undefined && first.detail !== null);
  }
  const details = typeof document?.details === "string" ? document.details : text;
  return fromCode(response, statusCodes[status] ?? "UNKNOWN", details, true);
}

const bearerErrors: Readonly<Record<string, string>> = { invalid_token: "UNAUTHORIZED", insufficient_scope: "DENIED" };
const statusCodes: Readonly<Record<number, string>> = { 401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS" };

function fromCode(answer: Response, given: string, message: string | undefined, hasDetail: boolean): RegistryError {
  const code = given in defaultMessages ? given : "UNKNOWN";
  const name = code.toLowerCase().replaceAll("_", " ");
  const usual = defaultMessages[code] ?? "";
  const text = (message ?? usual).slice(0, messageLimit);
  const bare = !hasDetail && (text === "" || text === usual);
  return new RegistryError(answer, code, bare ? name : `${name}: ${text}`, !bare);
}

function parsed(text: string): { readonly [name: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A token server's refusal in the words of Go's client: as a failure of the `request` that wanted a token. */
export function tokenError(error: RegistryError, request: { readonly method: string; readonly url: URL }): Error {
  const text = `${requestLine(request)}: ${error.message}`;
  if (error.transient) return new RegistryError(error, error.code, text, false);
  const options = { cause: error };
  if (error.code === "UNAUTHORIZED") return unauthorized(text, options);
  return error.code === "DENIED" ? forbidden(text, options) : system(text, options);
}

/** What a pull that can't have the image's config fails with. What is of our own making, a full disk, is left as it is. */
export function configError(cause: unknown, attempts: number): unknown {
  const start = "error pulling image configuration:";
  if (isEngineError(cause, "InvalidParameter")) return invalidParameter(`${start} ${cause.message}`, { cause });
  const reason = cause instanceof RegistryError && cause.code === "BLOB_UNKNOWN" ? "unknown blob" : errorMessage(cause);
  const text = `${start} download failed after attempts=${attempts}: ${reason}`;
  return cause instanceof RegistryError || cause instanceof NetworkError ? new NetworkError(text, { cause }) : cause;
}

/** What the user sees when `reference` can't be had, in Docker's words. */
export function pullError(error: unknown, reference: Reference): EngineError {
  if (isEngineError(error)) return error;
  if (error instanceof NetworkError) return system(error.message, { cause: error });
  if (!(error instanceof RegistryError)) return system(errorMessage(error), { cause: error });
  const { code, message } = error;
  const options = { cause: error };
  if (error.detailed) {
    if (code === "DENIED") {
      const name = familiarName(reference);
      return notFound(
        `pull access denied for ${name}, repository does not exist or may require 'docker login': ${message}`,
        options,
      );
    }
    if (code === "MANIFEST_UNKNOWN")
      return notFound(`manifest for ${familiarString(reference)} not found: ${message}`, options);
    if (code === "NAME_UNKNOWN")
      return notFound(`repository ${familiarName(reference)} not found: ${message}`, options);
  }
  if (code === "UNAUTHORIZED") return unauthorized(message, options);
  if (code === "DENIED") return forbidden(message, options);
  if (code === "MANIFEST_UNKNOWN" || code === "NAME_UNKNOWN") return notFound(message, options);
  if (code === "BLOB_UNKNOWN") return notFound("unknown blob", options);
  if (code === "TOOMANYREQUESTS") return tooManyRequests(message, options);
  if (code === "UNAVAILABLE") return unavailable(message, options);
  return system(message, options);
}
