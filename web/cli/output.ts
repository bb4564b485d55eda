import { regardless, toldElsewhere } from "../../worker/internal/failures.ts";
/** Whoever reads our output is gone (a closed pipe): the invocation ends as SIGPIPE ends a program. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

const encoder = new TextEncoder();

/** One of the standard output streams, with the reader's pace: `write` resolves when more may be written. */
export class Output {
  readonly isTerminal: boolean;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #last: Promise<void> = Promise.resolve();

  constructor(stream: WritableStream<Uint8Array>, isTerminal: boolean) {
    this.#writer = stream.getWriter();
    this.isTerminal = isTerminal;
    toldElsewhere(this.#writer.closed);
  }

  async write(chunk: string | Uint8Array): Promise<void> {
    if (chunk.length === 0) return;
    try {
      await this.#writer.ready;
      this.#last = this.#writer.write(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
      toldElsewhere(this.#last);
      await this.#writer.ready;
    } catch (cause) {
      throw new OutputClosed("output closed", { cause });
    }
  }

  async line(text: string): Promise<void> {
    await this.write(`${text}\n`);
  }

  /** A warning as Docker's logging library (logrus) writes it. */
  async warning(text: string): Promise<void> {
    const time = `${new Date().toISOString().slice(0, 19)}Z`;
    await this.line(`time=${JSON.stringify(time)} level=warning msg=${JSON.stringify(text)}`);
  }

  /** Waits until all is written and gives the stream back to its owner. Never fails. */
  async release(): Promise<void> {
    await regardless(this.#last);
    this.#writer.releaseLock();
  }
}
