/**
 * The closed set of errors the engine raises. The API maps each to one HTTP status (see worker/api), so a class is chosen
 * for what the client should do about it; the message is what the user reads and follows Docker's wording.
 * Compared by name, so that an error survives a structured clone or a second copy of the module.
 */
export const errorNames = [
  "NotFound",
  "InvalidParameter",
  "Conflict",
  "Unauthorized",
  "Forbidden",
  "TooManyRequests",
  "Unavailable",
  "NotModified",
  "NotImplemented",
  "System",
] as const;

export type ErrorName = (typeof errorNames)[number];

export class EngineError extends Error {
  override readonly name: ErrorName;

  constructor(name: ErrorName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = name;
  }
}

type Raise = (message: string, options?: ErrorOptions) => EngineError;
const raise =
  (name: ErrorName): Raise =>
  (message, options) =>
    new EngineError(name, message, options);

/** The object does not exist: 404. */
export const notFound = raise("NotFound");
/** The request is malformed or contradicts itself: 400. */
export const invalidParameter = raise("InvalidParameter");
/** The request contradicts the state of the object (name in use, container running): 409. */
export const conflict = raise("Conflict");
/** A registry or the engine wants credentials: 401. */
export const unauthorized = raise("Unauthorized");
/** Understood and refused: 403. */
export const forbidden = raise("Forbidden");
/** A registry wants to be asked less: 429. */
export const tooManyRequests = raise("TooManyRequests");
/** A collaborator (registry, guest) does not answer now: 503. */
export const unavailable = raise("Unavailable");
/** The object already is in the wanted state: 304. */
export const notModified = raise("NotModified");
/** Part of the Engine API that is not built yet: 501. */
export const notImplemented = raise("NotImplemented");
/** Everything else that went wrong on the engine's side: 500. */
export const system = raise("System");

/** Says whether `error` is one of ours (or came through a clone as one of ours), and of that name when given. */
export function isEngineError(error: unknown, name?: ErrorName): error is EngineError {
  if (!(error instanceof Error)) return false;
  return name ? error.name === name : (errorNames as readonly string[]).includes(error.name);
}

/** The text of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
