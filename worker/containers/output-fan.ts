/** What a slow client may have waiting before the container is held up. All of it is still printed after a Ctrl-C. */
const clientBuffer = 1 << 18;

/**
 * Milliseconds after the end of a process in which its output, which may come late, is waited for. What it left behind may hold the
 * output open for longer: then it is over, as in Docker.
 */
export const drainTime = 2000;

/** Copies one output to everybody who listens. The slowest listener sets the pace; who cancels is forgotten. */
export class OutputFan {
  readonly #listeners = new Set<Listener>();
  #closed = false;
  #hurries = false;

  subscribe(): ReadableStream<Uint8Array> {
    let listener: Listener | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          if (this.#closed) return controller.close();
          listener = new Listener(controller);
          this.#listeners.add(listener);
        },
        pull: () => listener?.release(),
        cancel: () => {
          if (!listener) return;
          this.#listeners.delete(listener);
          listener.release();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: clientBuffer }),
    );
  }

  async write(bytes: Uint8Array): Promise<void> {
    const written = [...this.#listeners].map((listener) => listener.write(bytes));
    if (!this.#hurries) await Promise.all(written);
  }

  /**
   * The process has ended: what is left of its output is no more than pipes and windows hold, and is put before the
   * listeners at once. Held up by the slowest, it would still be on its way when nobody waits for it any more.
   */
  hurry(): void {
    this.#hurries = true;
    for (const listener of this.#listeners) listener.release();
  }

  close(): void {
    this.#closed = true;
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
  }
}

class Listener {
  readonly #controller: ReadableStreamDefaultController<Uint8Array>;
  #release: (() => void) | undefined;

  constructor(controller: ReadableStreamDefaultController<Uint8Array>) {
    this.#controller = controller;
  }

  /** Resolves when it can take more. */
  write(bytes: Uint8Array): Promise<void> {
    this.#controller.enqueue(bytes);
    if ((this.#controller.desiredSize ?? 0) > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release?.();
    this.#release = undefined;
  }

  close(): void {
    this.#controller.close();
    this.release();
  }
}
