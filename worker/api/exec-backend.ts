import type { AttachedStreams, ExecStartOptions } from "./types/backend.ts";
import type { ExecCreateRequest, ExecInspect } from "./types/exec.ts";

/** What the exec router consumes. Rejects with `NotFound` ("No such exec instance: ID", "No such container: NAME"). */
export interface ExecBackend {
  /** Answers the ID of the new exec. */
  create(container: string, request: ExecCreateRequest): Promise<string>;
  inspect(id: string): Promise<ExecInspect>;
  /** Answers before it runs: then the connection is taken over. `Conflict` when it has run already. */
  start(id: string, options: ExecStartOptions): Promise<AttachedStreams>;
  startDetached(id: string, options: Omit<ExecStartOptions, "signal">): Promise<void>;
  resize(id: string, size: { readonly rows: number; readonly columns: number }): Promise<void>;
}
