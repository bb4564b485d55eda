/** Time as the engine sees it; tests put in their own. */
export interface Clock {
  now(): Date;
  /** Nanoseconds since the epoch. Never answers the same value twice, so that what is stamped with it keeps its order. */
  nanos(): bigint;
  /** Resolves after `milliseconds`, or rejects with the signal's reason. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Milliseconds that the fine clock may be away from the wall's, whose own step is one. */
const maximumDrift = 1;
/** Nanoseconds. */
const setBack = 1_000_000_000n;

/**
 * Milliseconds since the epoch, from a clock that counts microseconds. That one knows nothing of a correction of the time, and
 * in some systems stands still while the machine sleeps, so that the wall clock sets it whenever they disagree.
 */
function wallClock(): () => number {
  let origin = performance.timeOrigin;
  return () => {
    const wall = Date.now();
    const fine = performance.now();
    if (Math.abs(origin + fine - wall) > maximumDrift) origin = wall - fine;
    return origin + fine;
  };
}

export function systemClock(): Clock {
  const milliseconds = wallClock();
  let last = 0n;
  return {
    now: () => new Date(),
    nanos() {
      const measured = BigInt(Math.round(milliseconds() * 1000)) * 1000n;
      // Order is kept within a moment; a clock that was set back further is followed.
      last = measured > last || last - measured > setBack ? measured : last + 1n;
      return last;
    },
    sleep,
  };
}

/** A timer that is to run for longer would go off at once. */
const longestTimer = 2 ** 31 - 1;

/** Rejects with the signal's reason when that comes first. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  let left = milliseconds;
  for (; left > longestTimer; left -= longestTimer) await nap(longestTimer, signal);
  await nap(left, signal);
}

function nap(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Whether `work` settles within so many milliseconds. How it settles is not asked: it never rejects. */
export async function settlesWithin(
  clock: Pick<Clock, "sleep">,
  work: Promise<unknown>,
  milliseconds: number,
): Promise<boolean> {
  const patience = new AbortController();
  const settled = work.then(
    () => true,
    () => true,
  );
  const expired = clock.sleep(milliseconds, patience.signal).then(
    () => false,
    () => false,
  );
  const inTime = await Promise.race([settled, expired]);
  patience.abort();
  return inTime;
}

/** The time that Go's types hold when none was set, as the API shows it. */
export const zeroTime = "0001-01-01T00:00:00Z";

/** RFC 3339 with nine digits of a second, as Docker prints times in logs. */
export function rfc3339Nano(nanos: bigint): string {
  const seconds = nanos / 1_000_000_000n;
  const fraction = (nanos % 1_000_000_000n).toString().padStart(9, "0");
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/**
 * A time as API clients send it: seconds with an optional fraction, or RFC 3339. Answers nanoseconds since the epoch, or
 * undefined for "" and "0".
 */
export function parseTimestamp(text: string): bigint | undefined {
  if (text === "" || text === "0") return undefined;
  const seconds = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (seconds) {
    const [, whole = "0", fraction = ""] = seconds;
    return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
  }
  const rfc = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/.exec(text);
  const [, stem = "", fraction = "", zone = ""] = rfc ?? [];
  const milliseconds = Date.parse(`${stem}${zone}`);
  if (!rfc || Number.isNaN(milliseconds)) throw new RangeError(`failed to parse value "${text}" as a time`);
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
