/*
 * A failure that nobody hears of is a defect, unless it is one of these two. Whoever waits for something else handles its failure,
 * or has it reported (`onError`).
 */

/**
 * Resolves when `work` is over, regardless of how it ended. For what gives a stream, a process, a file or a place in the guest
 * back, or says a last word to it: when that fails it is gone already, or with it went what there was to lose; why it is given
 * back has been told. And for waiting for the end of what others tell about.
 */
export function regardless(work: Promise<unknown> | undefined): Promise<void> {
  return work ? work.then(nothing, nothing) : Promise.resolve();
}

/**
 * Marks a promise that nobody may be waiting for. Its failure is told in another way: by a second wait for it, by the next read or
 * write of the stream that it speaks of, or by the end of the connection.
 */
export function toldElsewhere(promise: Promise<unknown> | undefined): void {
  promise?.catch(nothing);
}

function nothing(): void {}
