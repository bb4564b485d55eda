import { invalidParameter } from "../errdefs/errors.ts";

const namePattern = /^[a-z0-9][a-z0-9._:+-]*(\/[a-z0-9][a-z0-9._:+-]*)*$/i;
/** Leaves room for what an adapter puts around a name within the 255 bytes of a directory entry. */
const nameLengthLimit = 200;

/** Rejects with `InvalidParameter` a name that ChunkedFiles does not allow. */
export function checkFileName(name: string): void {
  if (name.length > nameLengthLimit || !namePattern.test(name)) {
    throw invalidParameter(`invalid file name ${JSON.stringify(name.slice(0, nameLengthLimit))}`);
  }
}
