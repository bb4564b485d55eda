import { createSha256 } from "../../worker/archive/sha256.ts";
import { FileContentStore } from "../../worker/content/content-store.ts";
import { MemoryFiles } from "../../worker/content/memory.ts";
import { fetchBlob } from "../../worker/distribution/fetch-blob.ts";
import { defaultLimits } from "../../worker/distribution/http.ts";
import { browserFetch } from "../../worker/distribution/proxied-fetch.ts";
import { Resolver } from "../../worker/distribution/resolver.ts";
import { systemClock } from "../../worker/internal/clock.ts";
import { parseManifestOrIndex } from "../../worker/oci/manifest.ts";
import { parseNormalizedNamed } from "../../worker/reference/reference.ts";

/** What registry-access.test.ts calls inside a page. */
const registry = {
  /** Fetches manifest and blobs of an image. Answers the digests of what was verified, or the error. */
  async fetchImage(name: string, proxy: string | undefined, username?: string): Promise<string[]> {
    const clock = systemClock();
    const resolver = new Resolver(
      {
        fetch: browserFetch({ fetch: (url, init) => fetch(url, init), ...(proxy ? { proxy } : {}) }),
        clock,
        createSha256,
        limits: { attempts: 1 },
      },
      { mirrors: [], insecureRegistries: [] },
    );
    const content = new FileContentStore({ files: new MemoryFiles(), createSha256 });
    try {
      const auth = username ? { auth: { username, password: "secret" } } : {};
      const { repository, digest } = await resolver.resolve(parseNormalizedNamed(name), auth);
      const manifest = parseManifestOrIndex((await repository.manifest(digest)).bytes);
      if (manifest.kind !== "manifest") throw new Error("an index");
      for (const blob of [manifest.config, ...manifest.layers]) {
        await fetchBlob({ content, clock, limits: defaultLimits }, repository, blob, { kind: "filesystem layer" });
      }
      return [digest, ...(await content.list()).map((blob) => blob.digest)];
    } catch (error) {
      return [error instanceof Error ? `${error.name}: ${error.message}` : String(error)];
    }
  },
};

export type RegistryPage = typeof registry;
Object.assign(globalThis, { registry });
