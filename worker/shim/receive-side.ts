import { WireWriter } from "../internal/wire/fields.ts";
import { ProtocolError } from "../internal/wire/frames.ts";
import { FrameType, HOST_WINDOW, type SendFrame } from "./protocol.ts";

/** Smaller pieces are gathered, so that a guest that sends single bytes can't make us hold an object for each. */
const SMALL = 2048;
const GATHERED = 16_384;

/**
 * The guest-to-host direction of a stream. Holds at most HOST_WINDOW bytes: credit goes back to the guest when a reader
 * has taken what it sent.
 */
export class ReceiveSide {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #id: number;
  readonly #send: SendFrame;
  readonly #onEnd: () => void;
  readonly #queue: Uint8Array[] = [];
  /** The whole buffer of the queue's last piece, while small pieces are added to it. */
  #gathering: Uint8Array | undefined;
  /** Bytes that the guest may still send, and bytes that were read and not yet given back. */
  #credit = HOST_WINDOW;
  #owed = 0;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Called when data comes for a reader that waits. */
  #wake: (() => void) | undefined;
  #ended = false;
  #cancelled = false;

  constructor(id: number, send: SendFrame, onEnd: () => void) {
    this.#id = id;
    this.#send = send;
    this.#onEnd = onEnd;
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.#cancel(),
      },
      { highWaterMark: 0 },
    );
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** DATA from the guest. Throws ProtocolError when it had no credit for it. */
  data(payload: Uint8Array): void {
    if (this.#ended) throw new ProtocolError(`stream ${this.#id}: data after its end`);
    if (payload.length === 0) throw new ProtocolError(`stream ${this.#id}: empty data`);
    if (payload.length > this.#credit) throw new ProtocolError(`stream ${this.#id}: more data than credit`);
    this.#credit -= payload.length;
    if (this.#cancelled) return;
    this.#enqueue(payload);
    this.#wake?.();
  }

  /** END from the guest. */
  end(): void {
    if (this.#ended) throw new ProtocolError(`stream ${this.#id}: ended twice`);
    this.#ended = true;
    if (this.#wake) this.#wake();
    else if (this.#queue.length === 0) this.#close();
    this.#onEnd();
  }

  fail(error: Error): void {
    this.#ended = true;
    this.#queue.length = 0;
    const controller = this.#controller;
    this.#controller = undefined;
    if (!this.#cancelled) controller?.error(error);
    this.#wake?.();
  }

  #enqueue(payload: Uint8Array): void {
    const last = this.#queue.at(-1);
    if (last && payload.length < SMALL) {
      const buffer = this.#gathering ?? (last.length < SMALL ? gatheringBuffer(last) : undefined);
      if (buffer && last.length + payload.length <= buffer.length) {
        buffer.set(payload, last.length);
        this.#gathering = buffer;
        this.#queue[this.#queue.length - 1] = buffer.subarray(0, last.length + payload.length);
        return;
      }
    }
    this.#gathering = undefined;
    // A view of a much larger buffer would keep all of it.
    this.#queue.push(payload.length * 2 < payload.buffer.byteLength ? payload.slice() : payload);
  }

  #pull(): Promise<void> | void {
    if (this.#deliver()) return;
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        this.#deliver();
        resolve();
      };
    });
  }

  /** Hands one piece to the reader, or the end; false when there is nothing yet. */
  #deliver(): boolean {
    const piece = this.#queue.shift();
    if (!piece) {
      if (this.#ended) this.#close();
      return this.#ended;
    }
    if (this.#queue.length === 0) this.#gathering = undefined;
    this.#controller?.enqueue(piece);
    this.#giveBack(piece.length);
    if (this.#ended && this.#queue.length === 0) this.#close();
    return true;
  }

  #giveBack(bytes: number): void {
    this.#owed += bytes;
    if (this.#ended || this.#owed < HOST_WINDOW / 4) return;
    this.#send(FrameType.CREDIT, this.#id, new WireWriter(4).u32(this.#owed).finish());
    this.#credit += this.#owed;
    this.#owed = 0;
  }

  #close(): void {
    if (!this.#cancelled && this.#controller) {
      const controller = this.#controller;
      this.#controller = undefined;
      controller.close();
    }
  }

  #cancel(): void {
    this.#cancelled = true;
    this.#queue.length = 0;
    if (!this.#ended) this.#send(FrameType.STOP, this.#id);
  }
}

function gatheringBuffer(first: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(GATHERED);
  buffer.set(first);
  return buffer;
}
