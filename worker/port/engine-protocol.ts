import { isRecord } from "./frames.ts";

/** Bodies up to here travel inside the head of their request, in bytes. */
export const inlineBody = 64 << 10;
/** The largest body of a request that takes its connection over. */
export const upgradeBodyLimit = 8 << 20;

/** Head of a channel that is one request to the Engine API. */
export interface RequestHead {
  readonly kind: "request";
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  /** The whole body; `stream` when it comes as the channel's bytes. */
  readonly body?: Uint8Array | "stream";
  /** The client wants the connection: the channel's bytes are then the connection's. */
  readonly upgrade: boolean;
}

/** First message of the engine on such a channel. The body of a response follows as bytes. */
export type AnswerHead =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
      readonly body: boolean;
    }
  | { readonly kind: "upgraded"; readonly contentType: string };

export function isRequestHead(value: unknown): value is RequestHead {
  return (
    isRecord(value) &&
    value.kind === "request" &&
    typeof value.method === "string" &&
    typeof value.path === "string" &&
    value.path.startsWith("/") &&
    isHeaders(value.headers) &&
    (value.body === undefined || value.body === "stream" || value.body instanceof Uint8Array) &&
    typeof value.upgrade === "boolean"
  );
}

export function isAnswerHead(value: unknown): value is AnswerHead {
  if (!isRecord(value)) return false;
  if (value.kind === "upgraded") return typeof value.contentType === "string";
  return (
    value.kind === "response" &&
    typeof value.status === "number" &&
    isHeaders(value.headers) &&
    typeof value.body === "boolean"
  );
}

function isHeaders(value: unknown): value is [string, string][] {
  return (
    Array.isArray(value) &&
    value.every((pair) => Array.isArray(pair) && typeof pair[0] === "string" && typeof pair[1] === "string")
  );
}
