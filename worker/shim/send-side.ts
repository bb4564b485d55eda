import { FRAME_MAX, ProtocolError } from "../internal/wire/frames.ts";
import { FrameType, type SendFrame } from "./protocol.ts";

/** The host-to-guest direction of a stream: a write settles when the guest had credit for all of it. */
export class SendSide {
  readonly writable: WritableStream<Uint8Array>;
  readonly #id: number;
  readonly #send: SendFrame;
  readonly #onEnd: () => void;
  readonly #window: number;
  #credit: number;
  #controller: WritableStreamDefaultController | undefined;
  /** Called when the writer that waits for credit may go on, or must give up. */
  #wake: (() => void) | undefined;
  #ended = false;
  #broken: Error | undefined;

  constructor(id: number, send: SendFrame, guestWindow: number, onEnd: () => void) {
    this.#id = id;
    this.#send = send;
    this.#window = guestWindow;
    this.#credit = guestWindow;
    this.#onEnd = onEnd;
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        // abort() below is only called once the write that waits for credit has settled.
        controller.signal.addEventListener("abort", () => this.end());
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.end(),
      abort: () => this.end(),
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  credit(bytes: number): void {
    if (this.#credit + bytes > this.#window) throw new ProtocolError(`stream ${this.#id}: more credit than was used`);
    this.#credit += bytes;
    this.#wake?.();
  }

  /** STOP from the guest: nobody reads any more. Writing fails from now on. */
  stop(error: Error): void {
    if (this.#ended) return;
    this.#broken = error;
    this.#controller?.error(error);
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#send(FrameType.END, this.#id);
    this.#wake?.();
    this.#onEnd();
  }

  fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#broken = error;
    this.#controller?.error(error);
    this.#wake?.();
  }

  async #write(chunk: Uint8Array): Promise<void> {
    let at = 0;
    while (at < chunk.length && !this.#ended) {
      const length = Math.min(this.#credit, FRAME_MAX, chunk.length - at);
      if (length > 0) {
        this.#credit -= length;
        this.#send(FrameType.DATA, this.#id, chunk.subarray(at, at + length));
        at += length;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
    if (this.#broken) throw this.#broken;
  }
}
