import { invalidParameter } from "../errdefs/errors.ts";

/** `bucket/id`, where the id may be anything that a reference or a path can be, without control characters. */
const keyPattern = /^[a-z][a-z0-9-]*\/\P{Cc}+$/u;
const keyLengthLimit = 1024;

/** Rejects with `InvalidParameter` a key that is not of the form `bucket/id`. */
export function checkKey(key: string): void {
  if (key.length > keyLengthLimit || !keyPattern.test(key)) {
    throw invalidParameter(`invalid record key ${JSON.stringify(key.slice(0, 100))}`);
  }
}
