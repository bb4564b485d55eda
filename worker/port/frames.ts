import { EngineError, type ErrorName, errorMessage, errorNames } from "../errdefs/errors.ts";

/** What travels over a MessagePort between a page and the engine's worker. `id` is the channel's. */
export type Frame =
  | { readonly type: "open"; readonly id: number; readonly head: unknown }
  /** At most as many bytes as there are credits. The buffer is transferred. */
  | { readonly type: "data"; readonly id: number; readonly bytes: Uint8Array }
  /** The sender's bytes have ended. */
  | { readonly type: "end"; readonly id: number }
  /** The receiver takes so many more bytes. */
  | { readonly type: "credit"; readonly id: number; readonly bytes: number }
  /** The receiver wants no more of the other's bytes. */
  | { readonly type: "stop"; readonly id: number }
  /** Anything beside the bytes. It is handled as it comes, before bytes that nobody has read yet. */
  | { readonly type: "message"; readonly id: number; readonly message: unknown }
  /** The channel is over in both directions. */
  | { readonly type: "reset"; readonly id: number; readonly reason: Reason };

export interface Reason {
  readonly name: string;
  readonly message: string;
}

export function reasonOf(error: unknown): Reason {
  return { name: error instanceof Error ? error.name : "Error", message: errorMessage(error) };
}

/** The error on this end for a reason from the other: one of the engine's closed set where it was one there. */
export function errorOf(reason: Reason): Error {
  if ((errorNames as readonly string[]).includes(reason.name)) {
    return new EngineError(reason.name as ErrorName, reason.message);
  }
  const error = new Error(reason.message);
  error.name = reason.name;
  return error;
}

export function isFrame(value: unknown): value is Frame {
  if (!isRecord(value) || !isCount(value.id)) return false;
  switch (value.type) {
    case "data":
      return value.bytes instanceof Uint8Array;
    case "credit":
      return isCount(value.bytes);
    case "reset":
      return (
        isRecord(value.reason) && typeof value.reason.name === "string" && typeof value.reason.message === "string"
      );
    default:
      return ["open", "end", "stop", "message"].includes(String(value.type));
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
