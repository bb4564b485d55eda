import { regardless } from "../internal/failures.ts";
import type { Process } from "../runtime/runtime.ts";
import { OutputFan } from "./output-fan.ts";

/** The standard streams of one run of a container, which clients may take hold of before it starts. */
export class ContainerStdio {
  readonly tty: boolean;
  readonly stdout = new OutputFan();
  readonly stderr = new OutputFan();
  readonly #closeOnce: boolean;
  #settle: ((stdin: WritableStreamDefaultWriter<Uint8Array> | undefined) => void) | undefined;
  readonly #stdin: Promise<WritableStreamDefaultWriter<Uint8Array> | undefined>;

  constructor(config: { readonly Tty: boolean; readonly StdinOnce: boolean }) {
    this.tty = config.Tty;
    this.#closeOnce = config.StdinOnce && !config.Tty;
    this.#stdin = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Begins to copy: to the listeners, and to `log`. Answers when all output has been copied. */
  connect(process: Process, log: (stream: "stdout" | "stderr", bytes: Uint8Array) => void): Promise<void> {
    this.#settle?.(process.stdin?.getWriter());
    const copy = async (name: "stdout" | "stderr") => {
      try {
        for await (const bytes of process[name] ?? []) {
          log(name, bytes);
          await this[name].write(bytes);
        }
      } catch {
        // The guest went away in the middle: what came is what there is.
      }
    };
    return Promise.all([copy("stdout"), copy("stderr")]).then(() => undefined);
  }

  /** The process has ended. */
  hurry(): void {
    this.stdout.hurry();
    this.stderr.hurry();
  }

  /** The container has stopped. */
  close(): void {
    this.#settle?.(undefined);
    this.stdout.close();
    this.stderr.close();
  }

  /**
   * A client's way to stdin. What it writes before the start waits for it; closing it closes stdin where that was asked for. Where
   * stdin stays open for others, `onEnd` hears that this client is done.
   */
  openStdin(onEnd: () => void): WritableStream<Uint8Array> {
    const finish = async () => {
      const stdin = await this.#stdin;
      if (this.#closeOnce) await stdin?.close();
      else onEnd();
    };
    return new WritableStream<Uint8Array>({
      write: async (bytes) => {
        const stdin = await this.#stdin;
        // A process that has ended reads no more: as with a pipe whose other end is closed, without an error for the client.
        await regardless(stdin?.write(bytes));
      },
      close: () => regardless(finish()),
      abort: () => regardless(finish()),
    });
  }
}
