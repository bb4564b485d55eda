import type { Disposable } from "../internal/disposable.ts";
import type { DuplexBytes } from "../internal/streams.ts";
import type { Guest, GuestConnection, GuestProcess } from "../shim/guest.ts";
import type { HostSession, HostShell, ShellOptions } from "./host-session.ts";

export interface GuestHostSessionComponents {
  readonly guest: Guest;
  /** Where the guest's `docker` connects. */
  readonly socket?: string;
  /** What a shell runs. */
  readonly shell?: readonly string[];
}

const SIGHUP = 1;
const defaultSocket = "/run/wherry/docker-cli.sock";
const defaultShell = ["/bin/bash", "-l"];
const home = "/root";
const shellEnv = {
  HOME: home,
  USER: "root",
  SHELL: "/bin/bash",
  TERM: "xterm-256color",
  LANG: "C.UTF-8",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

type Handler = (connection: DuplexBytes) => Promise<void>;

/** Shells and `docker` invocations of one guest. Life cycle: `start()` once, `stop()`; of no use when the guest is gone. */
export class GuestHostSession implements HostSession {
  readonly #components: GuestHostSessionComponents;
  #handler: Handler | undefined;
  #listener: Disposable | undefined;

  constructor(components: GuestHostSessionComponents) {
    this.#components = components;
  }

  async start(): Promise<void> {
    const path = this.#components.socket ?? defaultSocket;
    const { guest } = this.#components;
    const folder = path.slice(0, path.lastIndexOf("/"));
    // Root alone: whoever connects commands the engine.
    const [, listener] = await Promise.all([
      guest.run([{ op: "mkdir", path: folder, mode: 0o755, parents: true }]),
      guest.listen(path, 0o600, (connection) => void this.#serve(connection)),
    ]);
    this.#listener = listener;
  }

  stop(): void {
    this.#listener?.dispose();
    this.#listener = undefined;
  }

  async openShell(options: ShellOptions): Promise<HostShell> {
    options.signal?.throwIfAborted();
    const process = await this.#components.guest.spawn({
      argv: this.#components.shell ?? defaultShell,
      env: Object.entries({ ...shellEnv, ...options.env }).map(([name, value]) => `${name}=${value}`),
      cwd: home,
      tty: { via: "own" },
      size: options.size,
    });
    const { stdin, stdout } = process;
    if (!stdin || !stdout) throw new TypeError("Cannot open a shell: expected a terminal");
    hangUpOnAbort(process, options.signal);
    return { readable: stdout, writable: stdin, exited: process.exited, resize: (size) => process.resize(size) };
  }

  onInvocation(handler: Handler): Disposable {
    this.#handler = handler;
    return {
      dispose: () => {
        if (this.#handler === handler) this.#handler = undefined;
      },
    };
  }

  async #serve(connection: GuestConnection): Promise<void> {
    try {
      await this.#handler?.({ readable: connection.readable, writable: connection.writable });
    } catch {
      // The handler tells its caller what went wrong; here the connection just ends.
    } finally {
      // Without effect on what the handler has closed, or still holds locked.
      connection.readable.cancel().catch(() => undefined);
      connection.writable.abort().catch(() => undefined);
    }
  }
}

/** As when a terminal is unplugged: the shell passes it on to its jobs. */
function hangUpOnAbort(process: GuestProcess, signal: AbortSignal | undefined): void {
  if (!signal) return;
  const hangUp = () => void process.kill(SIGHUP).catch(() => undefined);
  signal.addEventListener("abort", hangUp, { once: true });
  const forget = () => signal.removeEventListener("abort", hangUp);
  process.exited.then(forget, forget);
}
