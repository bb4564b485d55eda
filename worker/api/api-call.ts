import type { UpgradedConnection } from "./engine-api.ts";
import type { OperationId } from "./operations.ts";
import type { ApiVersion } from "./version.ts";

/** One request after routing: what every handler gets. */
export interface ApiCall {
  readonly request: Request;
  readonly version: ApiVersion;
  /** The text that stands for `{name}` in the operation's path. */
  param(name: string): string;
  readonly query: URLSearchParams;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export type Handler = (call: ApiCall) => Promise<Response>;

/** A handler that takes the connection over, or declines with a plain response. */
export type Upgrader = (call: ApiCall) => Promise<UpgradedConnection | Response>;

/** What the router of one object claims of the operation table. */
export interface Routes {
  readonly handlers: Partial<Record<OperationId, Handler>>;
  readonly upgraders?: Partial<Record<OperationId, Upgrader>>;
}
