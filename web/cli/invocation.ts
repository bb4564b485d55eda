import { regardless, toldElsewhere } from "../../worker/internal/failures.ts";
import type { DuplexBytes } from "../../worker/internal/streams.ts";
import { WireReader, WireWriter } from "../../worker/internal/wire/fields.ts";
import { encodeFrame, FRAME_MAX, type Frame, ProtocolError } from "../../worker/internal/wire/frames.ts";
import type { TerminalSize } from "../../worker/shim/guest.ts";
import type { CliContext } from "./context.ts";
import { InvocationFiles } from "./invocation-files.ts";
import { InvocationRequests } from "./invocation-requests.ts";
import { type InvocationStart, readStart } from "./invocation-start.ts";
import { InvocationStdin } from "./invocation-stdin.ts";
import { From, readFrames, To } from "./invocation-wire.ts";

/** One `docker` that was started in the guest's shell. */
export interface Invocation {
  readonly context: CliContext;
  /** Ends the program there with this exit code, when all output has been written, and then the connection. Never fails. */
  exit(code: number): Promise<void>;
}

const signalNames: Readonly<Record<number, string>> = { 1: "HUP", 2: "INT", 3: "QUIT", 15: "TERM" };

/**
 * Takes an invocation from a connection of HostSession. What arrives is untrusted: argv and environment of more than 1 MiB,
 * or anything that breaks the protocol, end it. Rejects when it ends before it has said how it was called.
 */
export async function acceptInvocation(connection: DuplexBytes): Promise<Invocation> {
  const reader = connection.readable.getReader();
  const writer = connection.writable.getWriter();
  toldElsewhere(writer.closed);
  const frames = readFrames(reader);
  try {
    return new GuestInvocation(await readStart(frames), { reader, frames, writer });
  } catch (error) {
    await Promise.allSettled([reader.cancel(error), writer.abort(error)]);
    throw error;
  }
}

interface Line {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly frames: AsyncGenerator<Frame, void, void>;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
}

class GuestInvocation implements Invocation {
  readonly context: CliContext;
  readonly #line: Line;
  readonly #requests: InvocationRequests;
  readonly #stdin: InvocationStdin;
  readonly #gone = new AbortController();
  readonly #resizeListeners = new Set<(size: TerminalSize) => void>();
  readonly #signalListeners = new Set<(signal: string) => void>();
  #size: TerminalSize | undefined;

  constructor(start: InvocationStart, line: Line) {
    this.#line = line;
    this.#size = start.size;
    const send = (frame: Uint8Array) => line.writer.write(frame);
    this.#requests = new InvocationRequests(send);
    this.#stdin = new InvocationStdin((bytes) => {
      regardless(send(encodeFrame(To.WANT, 0, new WireWriter(4).u32(bytes).finish())));
    });
    this.context = this.#makeContext(start);
    void this.#receiveAll();
  }

  async exit(code: number): Promise<void> {
    const { reader, writer } = this.#line;
    // Failures mean that the program is gone already.
    await regardless(writer.write(encodeFrame(To.EXIT, 0, new WireWriter(4).u32(code).finish())));
    await Promise.allSettled([writer.close(), reader.cancel()]);
  }

  #makeContext(start: InvocationStart): CliContext {
    return {
      argv: start.argv,
      env: start.env,
      cwd: start.cwd,
      tty: start.tty,
      stdin: this.#stdin.readable,
      stdout: this.#output(To.STDOUT),
      stderr: this.#output(To.STDERR),
      size: () => this.#size,
      onResize: (listener) => listen(this.#resizeListeners, listener),
      onSignal: (listener) => listen(this.#signalListeners, listener),
      setRaw: async (raw) => {
        await this.#requests.ask(To.RAW, new WireWriter(4).u32(raw ? 1 : 0));
      },
      files: new InvocationFiles(this.#requests),
      signal: this.#gone.signal,
    };
  }

  /** One frame after the other, so that control frames get in between. */
  #output(type: number): WritableStream<Uint8Array> {
    return new WritableStream<Uint8Array>({
      write: async (chunk) => {
        for (let at = 0; at < chunk.length; at += FRAME_MAX) {
          await this.#line.writer.write(encodeFrame(type, 0, chunk.subarray(at, at + FRAME_MAX)));
        }
      },
    });
  }

  async #receiveAll(): Promise<void> {
    const { reader, frames, writer } = this.#line;
    let failure = new Error("the caller is gone");
    try {
      for await (const frame of frames) this.#receive(frame);
    } catch (error) {
      if (error instanceof Error) failure = error;
    }
    this.#requests.fail(failure);
    this.#stdin.fail(failure);
    this.#gone.abort(failure);
    // Whoever still writes learns it by an error; after exit() this is without effect.
    await Promise.allSettled([writer.abort(failure), reader.cancel(failure)]);
  }

  #receive(frame: Frame): void {
    const fields = new WireReader(frame.payload);
    switch (frame.type) {
      case From.STDIN:
        this.#stdin.data(frame.payload);
        break;
      case From.STDIN_END:
        this.#stdin.end();
        break;
      case From.SIGNAL: {
        const name = signalNames[fields.u32()];
        if (name) for (const listener of [...this.#signalListeners]) listener(name);
        break;
      }
      case From.SIZE: {
        const size = { rows: fields.u16(), columns: fields.u16() };
        this.#size = size;
        for (const listener of [...this.#resizeListeners]) listener(size);
        break;
      }
      case From.RESULT:
        this.#requests.result(frame);
        break;
      default:
        throw new ProtocolError(`frame of type ${frame.type}`);
    }
  }
}

function listen<T>(listeners: Set<(value: T) => void>, listener: (value: T) => void): { dispose(): void } {
  listeners.add(listener);
  return {
    dispose: () => {
      listeners.delete(listener);
    },
  };
}
