/**
 * One engine per origin: two would write the same storage. The tab that runs it holds a Web Lock; another tab may ask for
 * it, and the holder then stops its engine before it lets go.
 */
const lockName = "wherry-engine";
const channelName = "wherry-engine-lock";
/** How long a holder may take to stop before its lock is taken by force, in milliseconds. */
const patience = 5000;

export interface EngineLock {
  /** Lets another tab in. */
  release(): void;
}

/** Web Locks exist in secure contexts only. Elsewhere the engine keeps nothing, so there is nothing to guard. */
export function locksAvailable(): boolean {
  return typeof navigator.locks !== "undefined";
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
  return (await request({ ifAvailable: true }, listeners)) ?? undefined;
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
  const lock = waited ?? (await request({ steal: true }, listeners));
  if (!lock) throw new Error("Cannot take over: the browser did not grant the lock.");
  return lock;
}

function request(
  options: LockOptions,
  listeners: { readonly onAsked: () => void; readonly onLost: () => void },
): Promise<EngineLock | undefined> {
  return new Promise((resolve, reject) => {
    let granted = false;
    navigator.locks
      .request(lockName, options, async (lock) => {
        if (!lock) return resolve(undefined);
        granted = true;
        const channel = new BroadcastChannel(channelName);
        channel.onmessage = ({ data }) => data === "release" && listeners.onAsked();
        await new Promise<void>((release) => resolve({ release }));
        channel.close();
      })
      .catch((error: unknown) => (granted ? listeners.onLost() : reject(error)));
  });
}
