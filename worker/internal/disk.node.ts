import { open } from "node:fs/promises";
import { type EngineError, errorMessage, isEngineError, system } from "../errdefs/errors.ts";

/** A failure of the host's file system as `System`; a full disk or quota reads as Docker says it. */
export function diskError(error: unknown): EngineError {
  if (isEngineError(error)) return error;
  return system(isDiskFull(error) ? "no space left on device" : errorMessage(error), { cause: error });
}

/** Settles as `operation` does, with failures as `diskError` words them. */
export async function onDisk<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw diskError(error);
  }
}

/** Also of what `diskError` made of it. */
export function isDiskFull(error: unknown): boolean {
  if (isEngineError(error)) return isDiskFull(error.cause);
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

/** A rename is durable once its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await onDisk(folder.sync());
  } finally {
    await folder.close();
  }
}
