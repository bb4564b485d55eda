import type { GuestHost } from "../containers/components.ts";
import { system } from "../errdefs/errors.ts";
import type { HostSession, HostShell, ShellOptions } from "../host/host-session.ts";
import type { Disposable } from "../internal/disposable.ts";
import { regardless, toldElsewhere } from "../internal/failures.ts";
import type { DuplexBytes } from "../internal/streams.ts";
import type { Guest } from "../shim/guest.ts";

const hangup = 1;
const invocationSocket = "/run/wherry/docker-cli.sock";

export interface GuestHostSessionOptions {
  /** Where the guest's `docker` connects. */
  readonly socket?: string;
  /** What a shell runs. */
  readonly shell?: readonly string[];
  /** Told when a shell is opened, for every key, and for every `docker`. */
  readonly onUse?: () => void;
}

type InvocationHandler = (connection: DuplexBytes) => Promise<void>;

const environment = {
  HOME: "/root",
  USER: "root",
  LOGNAME: "root",
  SHELL: "/bin/bash",
  TERM: "xterm-256color",
  LANG: "C.UTF-8",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

/** Shells in the guest's root namespaces, and the `docker` invocations that come out of them. */
export class GuestHostSession implements HostSession {
  readonly #host: Pick<GuestHost, "current">;
  readonly #socket: string;
  readonly #shell: readonly string[];
  readonly #onUse: () => void;
  /** The one that was set last answers. */
  readonly #handlers: InvocationHandler[] = [];

  constructor(host: Pick<GuestHost, "current">, options: GuestHostSessionOptions = {}) {
    this.#host = host;
    this.#socket = options.socket ?? invocationSocket;
    this.#shell = options.shell ?? ["/bin/bash", "--login"];
    this.#onUse = options.onUse ?? (() => undefined);
  }

  async openShell({ size, env, signal }: ShellOptions): Promise<HostShell> {
    this.#onUse();
    const { guest } = await this.#host.current();
    signal?.throwIfAborted();
    const shell = await guest.spawn({
      argv: this.#shell,
      env: Object.entries({ ...environment, ...env }).map(([name, value]) => `${name}=${value}`),
      cwd: environment.HOME,
      stdin: true,
      stdout: true,
      tty: { via: "own" },
      size,
    });
    const { stdin, stdout } = shell;
    if (!stdin || !stdout) throw system("the shell has no terminal");
    const end = (): void => {
      regardless(shell.kill(hangup));
    };
    signal?.addEventListener("abort", end, { once: true });
    // Given up while it was being started.
    if (signal?.aborted) end();
    const exited = shell.exited.finally(() => signal?.removeEventListener("abort", end));
    toldElsewhere(exited);
    return {
      readable: stdout,
      writable: noticed(stdin, this.#onUse),
      exited,
      resize: (newSize) => shell.resize(newSize),
    };
  }

  onInvocation(handler: InvocationHandler): Disposable {
    this.#handlers.push(handler);
    return {
      dispose: () => {
        const at = this.#handlers.indexOf(handler);
        if (at >= 0) this.#handlers.splice(at, 1);
      },
    };
  }

  /** Listens in a guest that was just booted, until it is gone. */
  async serve(guest: Guest): Promise<Disposable> {
    const folder = this.#socket.slice(0, this.#socket.lastIndexOf("/"));
    await guest.run([{ op: "mkdir", path: folder, mode: 0o755, parents: true }]);
    // Root alone: whoever connects commands the engine.
    return guest.listen(this.#socket, 0o600, (connection) => {
      toldElsewhere(this.#invoked(connection));
    });
  }

  async #invoked(connection: DuplexBytes): Promise<void> {
    this.#onUse();
    try {
      await this.#handlers.at(-1)?.(connection);
    } finally {
      if (!connection.writable.locked) await regardless(connection.writable.close());
      if (!connection.readable.locked) await regardless(connection.readable.cancel());
    }
  }
}

/** `sink`, with `notice` called before each piece that goes into it. */
function noticed(sink: WritableStream<Uint8Array>, notice: () => void): WritableStream<Uint8Array> {
  const writer = sink.getWriter();
  return new WritableStream({
    start: (controller) => {
      writer.closed.catch((error: unknown) => controller.error(error));
    },
    write: (piece) => {
      notice();
      return writer.write(piece);
    },
    close: () => writer.close(),
    abort: (reason) => writer.abort(reason),
  });
}
