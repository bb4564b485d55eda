import { type CreateSha256, createSha256, sha256 } from "../archive/sha256.ts";
import type { Digest } from "../oci/digest.ts";

/**
 * The chain id of each layer of an image, lowest first: the name of a layer applied upon all those below it (OCI
 * image-spec, config.md, "Layer ChainID").
 */
export async function chainIds(diffIds: readonly Digest[], create: CreateSha256 = createSha256): Promise<Digest[]> {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below ? await sha256(new TextEncoder().encode(`${below} ${diffId}`), create) : diffId);
  }
  return chain;
}
