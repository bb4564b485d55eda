import type { Disposable } from "../internal/disposable.ts";
import { Channel, type ChannelLink } from "./channel.ts";
import { type Frame, isFrame, type Reason, reasonOf } from "./frames.ts";

export interface MultiplexerOptions {
  /** The two ends of a port take different sides, so that the numbers of their channels never meet. */
  readonly side: "client" | "engine";
  /** Called for each channel that the other end opens. Without it they are refused. */
  readonly onOpen?: (channel: Channel, head: unknown) => void;
  /** Called once when the port is of no use any more. */
  readonly onClosed?: (reason: Error) => void;
  /** The most channels that the other end may have open. */
  readonly limit?: number;
}

/**
 * Many channels over one MessagePort. Bytes go against credits, so that neither end ever holds more than a window of a channel's bytes.
 * The other end is not trusted: what breaks the protocol closes the port.
 */
export class Multiplexer implements Disposable {
  readonly #port: MessagePort;
  readonly #options: MultiplexerOptions;
  readonly #channels = new Map<number, Channel>();
  #next: number;
  #closed = false;

  constructor(port: MessagePort, options: MultiplexerOptions) {
    this.#port = port;
    this.#options = options;
    this.#next = options.side === "client" ? 1 : 2;
    port.addEventListener("message", this.#onMessage);
    port.addEventListener("messageerror", this.#onBroken);
    // Not every environment tells.
    port.addEventListener("close", this.#onBroken);
    port.start();
  }

  /** Opens a channel. `head` says what it is for; it must be cloneable. */
  open(head: unknown): Channel {
    if (this.#closed) throw new Error("the engine is gone");
    const id = this.#next;
    this.#next += 2;
    const channel = this.#add(id);
    this.#post({ type: "open", id, head });
    return channel;
  }

  dispose(): void {
    this.#close(new Error("the port was closed"));
  }

  #add(id: number): Channel {
    const link: ChannelLink = {
      post: (frame, transfer) => this.#post(frame, transfer),
      done: () => this.#channels.delete(id),
    };
    const channel = new Channel(id, link);
    this.#channels.set(id, channel);
    return channel;
  }

  readonly #onMessage = (event: MessageEvent): void => {
    const frame: unknown = event.data;
    if (!isFrame(frame)) {
      this.#violated("a message that is no frame");
    } else if (frame.type === "open") {
      this.#opened(frame.id, frame.head);
    } else {
      const problem = this.#channels.get(frame.id)?.receive(frame);
      if (problem) this.#violated(problem);
    }
  };

  readonly #onBroken = (): void => this.#close(new Error("the port was closed"));

  #opened(id: number, head: unknown): void {
    const theirs = this.#options.side === "client" ? 0 : 1;
    const { onOpen, limit = 1024 } = this.#options;
    if (id % 2 !== theirs || this.#channels.has(id)) {
      this.#violated("a channel number that is not free");
    } else if (onOpen && [...this.#channels.keys()].filter((other) => other % 2 === theirs).length < limit) {
      onOpen(this.#add(id), head);
    } else {
      const reason: Reason = { name: "Unavailable", message: "too many channels are open" };
      this.#post({ type: "reset", id, reason });
    }
  }

  #violated(what: string): void {
    this.#close(new Error(`protocol violation on a message port: ${what}`));
  }

  #post(frame: Frame, transfer: readonly Transferable[] = []): void {
    if (!this.#closed) this.#port.postMessage(frame, [...transfer]);
  }

  #close(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.removeEventListener("message", this.#onMessage);
    this.#port.removeEventListener("messageerror", this.#onBroken);
    this.#port.removeEventListener("close", this.#onBroken);
    this.#port.close();
    for (const [id, channel] of [...this.#channels]) channel.receive({ type: "reset", id, reason: reasonOf(error) });
    this.#options.onClosed?.(error);
  }
}
