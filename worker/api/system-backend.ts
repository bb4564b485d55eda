import type { EventsOptions } from "./types/backend.ts";
import type { AuthConfig } from "./types/common.ts";
import type { EventMessage } from "./types/events.ts";
import type { AuthResponse, DiskUsage, DiskUsageObject, SystemInfo, SystemVersion } from "./types/system.ts";

/** What the system router consumes. */
export interface SystemBackend {
  info(): Promise<SystemInfo>;
  version(): Promise<SystemVersion>;
  /** An empty list asks for all kinds of objects. */
  diskUsage(objects: readonly DiskUsageObject[], signal?: AbortSignal): Promise<DiskUsage>;
  /** `Unauthorized` when the registry refuses. */
  authenticate(auth: AuthConfig, signal?: AbortSignal): Promise<AuthResponse>;
  /**
   * Past events from `since`, then live ones until `until` or until the stream is cancelled. It is subscribed when the call
   * returns, so that nothing that happens afterwards is missed.
   */
  events(options: EventsOptions): ReadableStream<EventMessage>;
}
