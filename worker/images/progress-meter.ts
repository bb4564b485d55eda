/** Bytes between two messages, where one percent is not less. */
const step = 512 * 1024;
/** Milliseconds between two messages. */
const pause = 100;

/**
 * Which of a transfer's steps are told, by Docker's rule: one a percent (or a step of `step` bytes, where that is less), none
 * sooner than `pause` after the one before, and the last whatever came before it.
 *
 * @param total Bytes of the whole.
 * @param tell Is given the bytes that there are.
 * @param now Milliseconds of a clock that is never set.
 */
export function progressMeter(
  total: number,
  tell: (current: number) => void,
  now: () => number = () => performance.now(),
): (current: number) => void {
  const increment = Math.min(step, Math.floor(total / 100));
  let seen = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  return (current) => {
    // A transfer that begins anew is followed back.
    if (current < seen) seen = current;
    if (current !== total && current - seen <= increment) return;
    seen = current;
    if (current !== total && now() - toldAt < pause) return;
    toldAt = now();
    tell(current);
  };
}
