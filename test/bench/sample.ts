/** What was measured of one thing, several times. */
export interface Sample {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export function summarize(times: readonly number[]): Sample {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? upper;
  return {
    median: (lower + upper) / 2,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    runs: sorted.length,
  };
}

/** So many starts warm an engine: the emulator has compiled by then what a container's start runs through. */
export const startsToWarm = 20;

/** Runs `action` and answers how long it took. */
export async function time(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/**
 * Measures several subjects in turn, A B A B ..., so that a machine whose speed drifts slows all of them alike. Each
 * subject runs `warmup` times uncounted first. `before`, when given, is not counted.
 */
export async function measure(
  subjects: readonly (() => Promise<unknown>)[],
  { runs = 7, warmup = 2, before = async (_subject: number): Promise<unknown> => undefined } = {},
): Promise<readonly Sample[]> {
  const times: number[][] = subjects.map(() => []);
  for (let round = 0; round < warmup + runs; round++) {
    for (const [index, subject] of subjects.entries()) {
      await before(index);
      const taken = await time(subject);
      if (round >= warmup) times[index]?.push(taken);
    }
  }
  return times.map(summarize);
}
