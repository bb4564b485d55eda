import type { Clock } from "../internal/clock.ts";
import type { Guest } from "../shim/guest.ts";

/** Milliseconds between two looks at the clock. */
const interval = 10_000;
/** Milliseconds by which the guest's time may be wrong. */
const tolerance = 500;

export interface GuestTimeComponents {
  readonly clock: Pick<Clock, "now" | "sleep">;
  /** Milliseconds from any moment on, by the clock that the emulated CPU counts by: `performance.now`. */
  readonly counter: () => number;
}

/**
 * Tells a guest the time again when the machine's clock was set or the machine slept: the guest counts on from what it was told
 * at the handshake, by a counter that knows of neither. Resolves when the guest is gone; never rejects.
 */
export async function keepTime(
  guest: Pick<Guest, "setTime" | "onGone">,
  { clock, counter }: GuestTimeComponents,
): Promise<void> {
  const gone = new AbortController();
  guest.onGone(() => gone.abort());
  const offset = () => clock.now().getTime() - counter();
  let told = offset();
  try {
    for (;;) {
      await clock.sleep(interval, gone.signal);
      if (Math.abs(offset() - told) < tolerance) continue;
      told = offset();
      await guest.setTime(clock.now());
    }
  } catch {
    // Both reject when the guest is gone, which others tell.
  }
}
