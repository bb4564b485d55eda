import { type ErrorName, errorMessage, isEngineError } from "../errdefs/errors.ts";

const statuses: Record<ErrorName, number> = {
  NotModified: 304,
  InvalidParameter: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  Conflict: 409,
  TooManyRequests: 429,
  System: 500,
  NotImplemented: 501,
  Unavailable: 503,
};

/** The one place where an error becomes an HTTP status. What is none of ours is a 500. */
export function errorStatus(error: unknown): number {
  return isEngineError(error) ? statuses[error.name as ErrorName] : 500;
}

export function errorResponse(error: unknown): Response {
  const status = errorStatus(error);
  // 304 has no body: fetch's Response refuses one.
  return status === 304 ? new Response(null, { status }) : jsonResponse({ message: errorMessage(error) }, status);
}

/** JSON and a newline, as Go's encoder writes it. */
export function jsonResponse(value: unknown, status = 200): Response {
  const bytes = encodeJson(value);
  const headers = { "Content-Type": "application/json", "Content-Length": String(bytes.length) };
  return new Response(bytes, { status, headers });
}

export function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

/** Bare text. */
export function textResponse(text: string, status: number, headers: Readonly<Record<string, string>>): Response {
  const bytes = new TextEncoder().encode(text);
  return new Response(bytes, { status, headers: { ...headers, "Content-Length": String(bytes.length) } });
}

export function emptyResponse(status: 200 | 201 | 204): Response {
  return new Response(null, { status });
}

export function streamResponse(body: ReadableStream<Uint8Array>, contentType: string): Response {
  return new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>, { headers: { "Content-Type": contentType } });
}

/** One text after another as a stream of bytes. Cancelling the response cancels the source. */
export function textStream<T>(values: ReadableStream<T>, format: (value: T) => string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return values.pipeThrough(
    new TransformStream<T, Uint8Array>({
      transform: (value, controller) => controller.enqueue(encoder.encode(format(value))),
    }),
  );
}
