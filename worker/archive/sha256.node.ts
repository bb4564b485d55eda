import { createHash } from "node:crypto";
import type { CreateSha256 } from "./sha256.ts";

/** OpenSSL's implementation: about four times as fast as WebAssembly where the processor has SHA instructions. */
export const createNodeSha256: CreateSha256 = async () => {
  const hash = createHash("sha256");
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => `sha256:${hash.digest("hex")}`,
  };
};
