import {
  type EngineError,
  errorMessage,
  forbidden,
  isEngineError,
  notFound,
  system,
  unauthorized,
  unavailable,
} from "../errdefs/errors.ts";
import { isObject } from "../oci/json.ts";
import { familiarName, familiarString, type Reference } from "../reference/reference.ts";
import { parseChallenges } from "./challenge.ts";
import { NetworkError } from "./http.ts";

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

  constructor(status: number, code: string, message: string, detailed: boolean) {
    super(message);
    this.status = status;
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
  if (status >= 500) {
    return new RegistryError(
      status,
      "",
      `received unexpected HTTP status: ${status} ${response.statusText}`.trim(),
      false,
    );
  }
  for (const { scheme, parameters } of parseChallenges(response.headers.get("www-authenticate"))) {
    const code = scheme === "bearer" ? bearerErrors[parameters.error ?? ""] : undefined;
    if (code) return fromCode(status, code, parameters.error_description, true);
  }
  const text = new TextDecoder().decode(body).slice(0, messageLimit);
  const document = parsed(text);
  const [first] = Array.isArray(document?.errors) ? document.errors : [];
  if (isObject(first)) {
    const code = typeof first.code === "string" ? first.code.toUpperCase() : "";
    const message = typeof first.message === "string" ? first.message : undefined;
    return fromCode(status, code, message, first.detail !== undefined && first.detail !== null);
  }
  const details = typeof document?.details === "string" ? document.details : text;
  return fromCode(status, statusCodes[status] ?? "UNKNOWN", details, true);
}

const bearerErrors: Readonly<Record<string, string>> = { invalid_token: "UNAUTHORIZED", insufficient_scope: "DENIED" };
const statusCodes: Readonly<Record<number, string>> = { 401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS" };

function fromCode(status: number, given: string, message: string | undefined, hasDetail: boolean): RegistryError {
  const code = given in defaultMessages ? given : "UNKNOWN";
  const name = code.toLowerCase().replaceAll("_", " ");
  const usual = defaultMessages[code] ?? "";
  const text = (message ?? usual).slice(0, messageLimit);
  const bare = !hasDetail && (text === "" || text === usual);
  return new RegistryError(status, code, bare ? name : `${name}: ${text}`, !bare);
}

function parsed(text: string): { readonly [name: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What the user sees when `reference` can't be had, in Docker's words. */
export function pullError(error: unknown, reference: Reference): EngineError {
  if (isEngineError(error)) return error;
  if (error instanceof NetworkError) return unavailable(error.message, { cause: error });
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
  if (code === "TOOMANYREQUESTS" || code === "UNAVAILABLE") return unavailable(message, options);
  return system(message, options);
}
