import { type EngineError, isEngineError, system } from "../errdefs/errors.ts";

/** What IndexedDB failed with, as the engine says it. */
function storageError(error: unknown): EngineError {
  if (isEngineError(error)) return error;
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  if (name === "QuotaExceededError") return system("no space left on device", { cause: error });
  // A connection that the browser closed does not open again by itself.
  if (name === "InvalidStateError") {
    return system("the browser has closed its storage, as it does when it is cleared: reload the page", {
      cause: error,
    });
  }
  const text = error instanceof Error ? error.message : name || "the browser gave no reason";
  return system(`the browser's storage failed: ${text}`, { cause: error });
}

/** What `operation` gives, with its failures as `storageError` words them: also that it is refused at once. */
export async function inStorage<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw storageError(error);
  }
}
