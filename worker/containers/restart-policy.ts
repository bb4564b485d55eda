import type { RestartPolicy } from "../api/types/host-config.ts";

const firstPause = 100;
const longestPause = 60_000;
/** Who ran this long starts over with a short pause. */
const goodRun = 10_000;

export interface EndedRun {
  readonly exitCode: number;
  readonly stoppedByUser: boolean;
  readonly restartCount: number;
}

/** Whether a container whose process has ended is started again. */
export function restarts({ Name, MaximumRetryCount }: RestartPolicy, run: EndedRun): boolean {
  if (run.stoppedByUser) return false;
  switch (Name) {
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure":
      return run.exitCode !== 0 && (MaximumRetryCount === 0 || run.restartCount < MaximumRetryCount);
    default:
      return false;
  }
}

/** Milliseconds before the next start; doubles with each short run. */
export function restartPause(previous: number, ranFor: number): number {
  if (previous === 0 || ranFor >= goodRun) return firstPause;
  return Math.min(previous * 2, longestPause);
}
