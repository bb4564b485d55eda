import type { Disposable } from "../internal/disposable.ts";
import type { DuplexBytes } from "../internal/streams.ts";
import type { ExitStatus, TerminalSize } from "../shim/guest.ts";

/**
 * The second door to the engine: a shell on the Docker host, and the `docker` invocations that come out of it.
 */
export interface HostSession {
  openShell(options: ShellOptions): Promise<HostShell>;
  /**
   * Called for every `docker` that is started in the guest. The connection speaks the protocol of kernel-image/docker's
   * client: it is untrusted, and all that the handler may touch is on it. The handler's promise ends the connection.
   */
  onInvocation(handler: (connection: DuplexBytes) => Promise<void>): Disposable;
}

export interface ShellOptions {
  readonly size: TerminalSize;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface HostShell extends DuplexBytes {
  resize(size: TerminalSize): Promise<void>;
  readonly exited: Promise<ExitStatus>;
}
