import { createSHA256 } from "hash-wasm";
import type { Digest } from "../oci/digest.ts";

/** A running sha256. Needs no secure context, unlike `crypto.subtle`, and takes bytes as they come. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** Ends the hash; nothing may be added afterwards. */
  digest(): Digest;
}

/** Makes one hash; an environment with a faster implementation hands in its own. */
export type CreateSha256 = () => Promise<Sha256>;

/** The implementation that runs everywhere (WebAssembly, compiled at the first call): about 250 MB/s. */
export const createSha256: CreateSha256 = async () => {
  const hash = await createSHA256();
  hash.init();
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => `sha256:${hash.digest("hex")}`,
  };
};

/** The digest of bytes that are all there. */
export async function sha256(bytes: Uint8Array, create: CreateSha256 = createSha256): Promise<Digest> {
  const hash = await create();
  hash.update(bytes);
  return hash.digest();
}
