import type { DuplexBytes } from "../internal/streams.ts";
import { errorOf, type Frame, reasonOf } from "./frames.ts";

/** Bytes that one end may send before the other has read any. */
export const window = 256 << 10;
/** The largest piece in one frame. */
const pieceLimit = 64 << 10;
/** Messages that wait for their reader before the other end counts as broken. */
const messageLimit = 1024;

export interface ChannelLink {
  post(frame: Frame, transfer?: readonly Transferable[]): void;
  /** Called once when nothing will come or go any more. */
  done(): void;
}

/**
 * One end of a channel: bytes both ways and messages beside them. Closing `writable` half-closes it; cancelling `readable` makes the
 * other end's `writable` fail; `abort` ends everything at both ends, as does the port's end.
 */
export class Channel implements DuplexBytes {
  readonly id: number;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #link: ChannelLink;
  readonly #over = new AbortController();
  readonly #incoming: Uint8Array[] = [];
  readonly #messages: unknown[] = [];
  /** What this end may send, what the other end may send, and what was read here and not yet told. */
  #credit = window;
  #granted = window;
  #consumed = 0;
  #ended = { incoming: false, outgoing: false };
  #wakeReader: () => void = () => undefined;
  #wakeWriter: () => void = () => undefined;
  #onMessage: ((message: unknown) => void) | undefined;
  #failWritable: (error: Error) => void = () => undefined;
  #failReadable: (error: Error) => void = () => undefined;

  constructor(id: number, link: ChannelLink) {
    this.id = id;
    this.#link = link;
    this.readable = this.#makeReadable();
    this.writable = this.#makeWritable();
  }

  /** Aborted when the channel was aborted at either end or the port is gone. Not by an orderly end. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  send(message: unknown): void {
    if (!this.#over.signal.aborted) this.#link.post({ type: "message", id: this.id, message });
  }

  /** Sets the one listener; what came before it is delivered first. */
  onMessage(listener: (message: unknown) => void): void {
    this.#onMessage = listener;
    for (const message of this.#messages.splice(0)) listener(message);
  }

  abort(error: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#link.post({ type: "reset", id: this.id, reason: reasonOf(error) });
    this.#reset(error instanceof Error ? error : new Error(String(error)));
  }

  /** Takes a frame of the other end; answers what is wrong with it. */
  receive(frame: Frame): string | undefined {
    switch (frame.type) {
      case "data":
        return this.#data(frame.bytes);
      case "end":
        this.#ended.incoming = true;
        this.#wakeReader();
        this.#settle();
        return undefined;
      case "credit":
        this.#credit = Math.min(window, this.#credit + frame.bytes);
        this.#wakeWriter();
        return undefined;
      case "stop":
        this.#ended.outgoing = true;
        this.#failWritable(new Error("nobody reads this stream any more"));
        this.#wakeWriter();
        this.#settle();
        return undefined;
      case "message":
        if (this.#onMessage) this.#onMessage(frame.message);
        else if (this.#messages.push(frame.message) > messageLimit) return "too many messages";
        return undefined;
      case "reset":
        this.#reset(errorOf(frame.reason));
        return undefined;
      default:
        return "a channel that is open already";
    }
  }

  #data(bytes: Uint8Array): string | undefined {
    this.#granted -= bytes.length;
    if (this.#granted < 0) return "more bytes than credits";
    // After a cancel, what was on its way is dropped.
    if (this.#ended.incoming) return undefined;
    if (bytes.length > 0) this.#incoming.push(bytes);
    this.#wakeReader();
    return undefined;
  }

  #makeReadable(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#failReadable = (error) => controller.error(error);
        },
        pull: async (controller) => {
          while (this.#incoming.length === 0 && !this.#ended.incoming) {
            await new Promise<void>((resolve) => {
              this.#wakeReader = resolve;
            });
            if (this.#over.signal.aborted) return;
          }
          const bytes = this.#incoming.shift();
          if (bytes) {
            controller.enqueue(bytes);
            this.#grant(bytes.length);
          } else {
            controller.close();
          }
        },
        cancel: () => {
          if (this.#ended.incoming || this.#over.signal.aborted) return;
          this.#ended.incoming = true;
          this.#incoming.length = 0;
          this.#wakeReader();
          this.#link.post({ type: "stop", id: this.id });
          this.#settle();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Credits go back in lumps: one frame for a quarter of the window. */
  #grant(bytes: number): void {
    this.#consumed += bytes;
    if (this.#consumed < window / 4 || this.#ended.incoming) return;
    this.#granted += this.#consumed;
    this.#link.post({ type: "credit", id: this.id, bytes: this.#consumed });
    this.#consumed = 0;
  }

  #makeWritable(): WritableStream<Uint8Array> {
    return new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#failWritable = (error) => controller.error(error);
      },
      write: async (bytes) => {
        for (let at = 0; at < bytes.length; ) {
          const count = Math.min(await this.#room(), pieceLimit, bytes.length - at);
          this.#credit -= count;
          // A copy of its own: the buffer may be shared, and transferring takes it away.
          const piece = bytes.slice(at, at + count);
          this.#link.post({ type: "data", id: this.id, bytes: piece }, [piece.buffer]);
          at += count;
        }
      },
      close: () => this.#endOutgoing(),
      abort: (reason: unknown) => this.abort(reason ?? new Error("the stream was aborted")),
    });
  }

  async #room(): Promise<number> {
    while (this.#credit === 0) {
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
      if (this.#ended.outgoing || this.#over.signal.aborted) throw new Error("nobody reads this stream any more");
    }
    return this.#credit;
  }

  #endOutgoing(): void {
    if (this.#ended.outgoing) return;
    this.#ended.outgoing = true;
    this.#link.post({ type: "end", id: this.id });
    this.#settle();
  }

  #settle(): void {
    if (this.#ended.incoming && this.#ended.outgoing) this.#link.done();
  }

  #reset(error: Error): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(error);
    this.#incoming.length = 0;
    this.#failReadable(error);
    this.#failWritable(error);
    this.#wakeReader();
    this.#wakeWriter();
    this.#link.done();
  }
}
