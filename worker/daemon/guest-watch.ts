import type { Clock } from "../internal/clock.ts";
import type { Guest } from "../shim/guest.ts";

/** Milliseconds between two questions. */
const interval = 5_000;
/** Milliseconds between two looks for the answer. */
const look = 1_000;
/** Looks for one answer after which the guest is called silent. */
const patience = 30;

/**
 * Asks the guest's agent again and again whether it is there: one that is frozen, or gets no turn because the guest is
 * overloaded, is alive as far as the machine can tell. `onSilence` is called with true when an answer has been missing for
 * long, and with false when it came after all. Resolves when the guest is gone; never rejects.
 *
 * What is counted is looks, not time: while the machine sleeps, the page is frozen, or other programs have the processor,
 * the guest does not run either, and there are no looks.
 */
export async function watchGuest(
  guest: Pick<Guest, "ping" | "onGone">,
  { clock, onSilence }: { readonly clock: Pick<Clock, "sleep">; readonly onSilence: (silent: boolean) => void },
): Promise<void> {
  const gone = new AbortController();
  guest.onGone(() => gone.abort());
  try {
    for (;;) {
      await clock.sleep(interval, gone.signal);
      let answered = false;
      const answer = guest.ping().then(() => {
        answered = true;
      });
      let looks = 0;
      for (; !answered; looks += 1) {
        if (looks === patience) onSilence(true);
        await Promise.race([answer, clock.sleep(look, gone.signal)]);
      }
      if (looks > patience) onSilence(false);
    }
  } catch {
    // The guest is gone, which others tell.
  }
}
