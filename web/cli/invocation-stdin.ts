import { ProtocolError } from "../../worker/internal/wire/frames.ts";

/** So much of the caller's stdin may be on its way to us. */
const WINDOW = 65_536;

/** The caller's stdin: nothing is read from it before somebody reads here, so that what is left over stays the shell's. */
export class InvocationStdin {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #want: (bytes: number) => void;
  readonly #queue: Uint8Array[] = [];
  /** Bytes that were asked for and have not come. */
  #outstanding = 0;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #wake: (() => void) | undefined;
  #ended = false;
  #closed = false;

  constructor(want: (bytes: number) => void) {
    this.#want = want;
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => {
          this.#closed = true;
          this.#queue.length = 0;
        },
      },
      { highWaterMark: 0 },
    );
  }

  data(bytes: Uint8Array): void {
    if (bytes.length > this.#outstanding || this.#ended) throw new ProtocolError("more stdin than was asked for");
    this.#outstanding -= bytes.length;
    // An empty piece counts against nothing, so any number could be sent.
    if (this.#closed || bytes.length === 0) return;
    this.#queue.push(bytes.slice());
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#ended = true;
    if (!this.#closed) this.#controller?.error(error);
    this.#closed = true;
    this.#wake?.();
  }

  #pull(): Promise<void> | undefined {
    if (this.#outstanding < WINDOW / 2 && !this.#ended) {
      this.#want(WINDOW - this.#outstanding);
      this.#outstanding = WINDOW;
    }
    if (this.#deliver()) return;
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        this.#deliver();
        resolve();
      };
    });
  }

  #deliver(): boolean {
    const bytes = this.#queue.shift();
    if (bytes) this.#controller?.enqueue(bytes);
    else if (this.#ended && !this.#closed) {
      this.#closed = true;
      this.#controller?.close();
    }
    return bytes !== undefined || this.#ended;
  }
}
