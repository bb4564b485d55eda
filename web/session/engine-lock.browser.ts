/**
 * One engine per origin: two would write the same storage. The tab that runs it holds a Web Lock; another tab may ask for
 * it, and the holder then stops its engine before it lets go.
 */
const lockName = "wherry-engine";
const channelName = "wherry-engine-lock";
/** How long a holder may take to stop before its lock is taken by force, in milliseconds. */
const patience = 5000;
/** How long the page that was just closed or reloaded may take to let go of its lock, in milliseconds. */
const afterglow = 1000;

export interface EngineLock {
  /** Lets another tab in. */
  release(): void;
}

/**
 * Web Locks exist in secure contexts only, and are refused where the browser is told to keep no data of this site. There the
 * engine keeps nothing, so there is nothing to guard.
 */
export async function locksAvailable(): Promise<boolean> {
  try {
    await navigator.locks.query();
    return true;
  } catch {
    return false;
  }
}

/**
 * Acquires the lock, or answers undefined when another tab has it.
 * @param onAsked another tab wants it: stop the engine, then `release()`.
 * @param onLost it was taken by force.
 */
export async function acquireEngineLock(listeners: {
  readonly onAsked: () => void;
  readonly onLost: () => void;
}): Promise<EngineLock | undefined> {
  return request({ signal: AbortSignal.timeout(afterglow) }, listeners).catch((error: unknown) => {
    if (error instanceof DOMException && (error.name === "TimeoutError" || error.name === "AbortError"))
      return undefined;
    throw error;
  });
}

/** Asks the holder to stop and waits for its lock; takes it by force from one that does not answer. */
export async function takeOverEngineLock(listeners: {
  readonly onAsked: () => void;
  readonly onLost: () => void;
}): Promise<EngineLock> {
  const channel = new BroadcastChannel(channelName);
  channel.postMessage("release");
  channel.close();
  const waited = await request({ signal: AbortSignal.timeout(patience) }, listeners).catch(() => undefined);
  return waited ?? (await request({ steal: true }, listeners));
}

/** Whether a tab of this origin has the lock. */
export async function engineLockHeld(): Promise<boolean> {
  const { held } = await navigator.locks.query();
  return held?.some(({ name }) => name === lockName) ?? false;
}

function request(
  options: LockOptions,
  listeners: { readonly onAsked: () => void; readonly onLost: () => void },
): Promise<EngineLock> {
  return new Promise((resolve, reject) => {
    let granted = false;
    navigator.locks
      .request(lockName, options, async () => {
        granted = true;
        const channel = new BroadcastChannel(channelName);
        channel.onmessage = ({ data }) => data === "release" && listeners.onAsked();
        await new Promise<void>((release) => resolve({ release }));
        channel.close();
      })
      .catch((error: unknown) => (granted ? listeners.onLost() : reject(error)));
  });
}
