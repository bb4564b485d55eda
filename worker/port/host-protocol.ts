import type { ExitStatus, TerminalSize } from "../shim/guest.ts";
import { isRecord } from "./frames.ts";

/** Head of a channel on which the page opens a shell. Its bytes are the terminal's. */
export interface ShellHead {
  readonly kind: "shell";
  readonly size: TerminalSize;
  readonly env?: Readonly<Record<string, string>>;
}

/** Head of a channel that the engine opens for a `docker` invocation. Its bytes are the invocation's connection. */
export interface InvocationHead {
  readonly kind: "invocation";
}

/** From the engine: the shell runs. Then, once: it has exited. */
export type ShellEvent = { readonly kind: "opened" } | { readonly kind: "exited"; readonly status: ExitStatus };

/** From the page. */
export interface ResizeMessage {
  readonly kind: "resize";
  readonly size: TerminalSize;
}

export function isShellHead(value: unknown): value is ShellHead {
  if (!isRecord(value) || value.kind !== "shell" || !isSize(value.size)) return false;
  return (
    value.env === undefined ||
    (isRecord(value.env) && Object.values(value.env).every((entry) => typeof entry === "string"))
  );
}

export function isInvocationHead(value: unknown): value is InvocationHead {
  return isRecord(value) && value.kind === "invocation";
}

export function isResize(value: unknown): value is ResizeMessage {
  return isRecord(value) && value.kind === "resize" && isSize(value.size);
}

export function isShellEvent(value: unknown): value is ShellEvent {
  if (!isRecord(value)) return false;
  if (value.kind === "opened") return true;
  return (
    value.kind === "exited" &&
    isRecord(value.status) &&
    typeof value.status.code === "number" &&
    value.status.at instanceof Date
  );
}

function isSize(value: unknown): value is TerminalSize {
  const isSide = (side: unknown): boolean => Number.isInteger(side) && Number(side) >= 0 && Number(side) <= 0xffff;
  return isRecord(value) && isSide(value.rows) && isSide(value.columns);
}
