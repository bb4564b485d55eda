import { abortable } from "../internal/abort.ts";
import { regardless } from "../internal/failures.ts";

interface Running<Result> {
  readonly result: Promise<Result>;
  readonly abort: AbortController;
  readonly listeners: Set<(done: number) => void>;
  done: number;
  waiting: number;
}

/**
 * Work that several callers want at once and that is done once. Each caller may abort for itself; the work is aborted
 * when nobody waits for it any more, and its last caller waits for its end. Its result is not kept: a later caller starts anew.
 */
export class SharedWork<Key, Result> {
  readonly #running = new Map<Key, Running<Result>>();

  async run(
    key: Key,
    signal: AbortSignal | undefined,
    onProgress: ((done: number) => void) | undefined,
    work: (signal: AbortSignal, progress: (done: number) => void) => Promise<Result>,
  ): Promise<Result> {
    signal?.throwIfAborted();
    const running = this.#running.get(key) ?? this.#start(key, work);
    running.waiting++;
    if (onProgress) {
      running.listeners.add(onProgress);
      if (running.done > 0) onProgress(running.done);
    }
    try {
      return await abortable(running.result, signal);
    } finally {
      if (onProgress) running.listeners.delete(onProgress);
      if (--running.waiting === 0) {
        // Whoever comes now must not join work that is being dropped.
        if (this.#running.get(key) === running) this.#running.delete(key);
        running.abort.abort(signal?.reason);
        // What it still writes must be there, or gone, when its last caller goes on: that one gives up what held it.
        await regardless(running.result);
      }
    }
  }

  #start(key: Key, work: (signal: AbortSignal, progress: (done: number) => void) => Promise<Result>): Running<Result> {
    const abort = new AbortController();
    const listeners = new Set<(done: number) => void>();
    const progress = (done: number) => {
      // A second attempt starts from zero again, which is nobody's business.
      if (done <= running.done) return;
      running.done = done;
      for (const listener of listeners) listener(done);
    };
    const result = Promise.resolve().then(() => work(abort.signal, progress));
    const running: Running<Result> = { result, abort, listeners, done: 0, waiting: 0 };
    this.#running.set(key, running);
    const forget = () => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    };
    result.then(forget, forget);
    return running;
  }
}
