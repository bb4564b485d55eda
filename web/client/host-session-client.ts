import type { HostSession, HostShell, ShellOptions } from "../../worker/host/host-session.ts";
import { regardless, toldElsewhere } from "../../worker/internal/failures.ts";
import type { DuplexBytes } from "../../worker/internal/streams.ts";
import type { Channel } from "../../worker/port/channel.ts";
import { isInvocationHead, isShellEvent, type ResizeMessage, type ShellHead } from "../../worker/port/host-protocol.ts";
import { Multiplexer } from "../../worker/port/multiplexer.ts";
import type { ExitStatus } from "../../worker/shim/guest.ts";

type InvocationHandler = (connection: DuplexBytes) => Promise<void>;

/** The host session of an engine at the other end of a MessagePort. There is one handler of invocations at a time. */
export class HostSessionClient implements HostSession {
  readonly #multiplexer: Multiplexer;
  #handler: InvocationHandler | undefined;

  constructor(port: MessagePort) {
    this.#multiplexer = new Multiplexer(port, {
      side: "client",
      onOpen: (channel, head) => this.#invoked(channel, head),
    });
  }

  async openShell(options: ShellOptions): Promise<HostShell> {
    options.signal?.throwIfAborted();
    const { size, env } = options;
    const head: ShellHead = { kind: "shell", size, ...(env ? { env } : {}) };
    const channel = this.#multiplexer.open(head);
    const giveUp = () => channel.abort(options.signal?.reason);
    options.signal?.addEventListener("abort", giveUp);
    const { opened, exited } = shellEvents(channel);
    // The signal may outlive many shells.
    const forget = () => options.signal?.removeEventListener("abort", giveUp);
    exited.then(forget, forget);
    await opened;
    return {
      readable: channel.readable,
      writable: channel.writable,
      exited,
      async resize(newSize) {
        const message: ResizeMessage = { kind: "resize", size: newSize };
        channel.send(message);
      },
    };
  }

  onInvocation(handler: InvocationHandler): ReturnType<HostSession["onInvocation"]> {
    this.#handler = handler;
    return {
      dispose: () => {
        if (this.#handler === handler) this.#handler = undefined;
      },
    };
  }

  /** Closes the port: shells and invocations end. */
  dispose(): void {
    this.#multiplexer.dispose();
  }

  #invoked(channel: Channel, head: unknown): void {
    const handler = this.#handler;
    if (handler && isInvocationHead(head)) {
      handler(channel).then(
        () => end(channel),
        (error: unknown) => channel.abort(error),
      );
    } else {
      channel.abort(new Error("nobody takes docker invocations"));
    }
  }
}

/** The handler's end is the connection's: what it left open is closed. */
function end(channel: Channel): void {
  if (!channel.writable.locked) regardless(channel.writable.close());
  if (!channel.readable.locked) regardless(channel.readable.cancel());
}

function shellEvents(channel: Channel): { readonly opened: Promise<void>; readonly exited: Promise<ExitStatus> } {
  let open: () => void = () => undefined;
  let exit: (status: ExitStatus) => void = () => undefined;
  const gone = (reject: (reason: unknown) => void): void =>
    channel.signal.addEventListener("abort", () => reject(channel.signal.reason), { once: true });
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    gone(reject);
  });
  const exited = new Promise<ExitStatus>((resolve, reject) => {
    exit = resolve;
    gone(reject);
  });
  // Whoever only reads the terminal need not wait for it.
  toldElsewhere(exited);
  channel.onMessage((message) => {
    if (!isShellEvent(message)) channel.abort(new TypeError("The engine said something that is no event of a shell"));
    else if (message.kind === "opened") open();
    else exit(message.status);
  });
  return { opened, exited };
}
