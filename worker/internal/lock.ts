import { regardless } from "../internal/failures.ts";
/** Runs callers one after the other, in the order in which they came. A failure of one does not touch the next. */
export class Lock {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(critical: () => Promise<T> | T): Promise<T> {
    const turn = this.#tail.then(critical, critical);
    this.#tail = regardless(turn);
    return turn;
  }
}
