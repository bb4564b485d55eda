import type { DuplexBytes } from "../internal/streams.ts";

/**
 * The one seam between clients and the engine: the Docker Engine REST API as web-standard requests. The URL's origin is
 * not looked at; its path is `/v1.51/...` or without a version. Aborting the request's signal is the client going away.
 */
export interface EngineApi {
  fetch(request: Request): Promise<Response>;
  /**
   * A request whose connection is taken over (attach, exec start, session). Answers the connection, or the plain response
   * when the engine declined.
   */
  upgrade(request: Request): Promise<UpgradedConnection | Response>;
}

export interface UpgradedConnection extends DuplexBytes {
  /** `application/vnd.docker.raw-stream` or `application/vnd.docker.multiplexed-stream`. */
  readonly contentType: string;
}
