import { createHash } from "node:crypto";
import { createNodeSha256 } from "../../worker/archive/sha256.node.ts";
import { FileContentStore } from "../../worker/content/content-store.ts";
import { MemoryFiles } from "../../worker/content/memory.ts";
import { defaultLimits, type Limits } from "../../worker/distribution/http.ts";
import { Resolver, type ResolverComponents } from "../../worker/distribution/resolver.ts";
import { systemClock } from "../../worker/internal/clock.ts";
import type { Descriptor } from "../../worker/oci/descriptor.ts";
import { parseDigest } from "../../worker/oci/digest.ts";
import { buildImage, descriptor, type TestBlob } from "./registry.node.ts";

export const limits: Limits = { ...defaultLimits, retryDelay: () => 5 };
export const clock = systemClock();
// Random bytes don't compress.
const noise = createHash("shake256", { outputLength: 600_000 }).update("noise").digest();
/** Its first layer is long enough to be broken off half-way. */
export const image = buildImage({ layers: [{ "etc/": "", "etc/hello": "hi", noise }, { other: "x" }] });
export const [layer] = image.layers as [TestBlob];

export function resolverFor(components: Partial<ResolverComponents> = {}, mirrors: string[] = []) {
  return new Resolver(
    { fetch, clock, createSha256: createNodeSha256, limits, ...components },
    { mirrors, insecureRegistries: [] },
  );
}

/** An empty content store. */
export function store() {
  const files = new MemoryFiles();
  return { files, content: new FileContentStore({ files, createSha256: createNodeSha256 }) };
}

export const asDescriptor = (blob: TestBlob): Descriptor => ({ ...descriptor(blob), digest: parseDigest(blob.digest) });
