import { join } from "node:path";
import { createNodeSha256 } from "../../worker/archive/sha256.node.ts";
import { FileContentStore } from "../../worker/content/content-store.ts";
import { FsFiles } from "../../worker/content/fs.node.ts";
import { Resolver } from "../../worker/distribution/resolver.ts";
import { ImageStore } from "../../worker/images/image-store.ts";
import { Puller } from "../../worker/images/puller.ts";
import { systemClock } from "../../worker/internal/clock.ts";
import { FsRecords } from "../../worker/metadata/fs.node.ts";
import { parseNormalizedNamed } from "../../worker/reference/reference.ts";
import { LayerImages } from "../../worker/snapshots/layer-images.ts";

/** The part of the engine that keeps images, over files, without a guest. */
export interface ImageEngine {
  readonly store: ImageStore;
  readonly content: FileContentStore;
  readonly layers: LayerImages;
  pull(name: string, onProgress?: (status: string) => void): Promise<void>;
  close(): Promise<void>;
}

export async function openImageEngine(dataRoot: string): Promise<ImageEngine> {
  const files = await FsFiles.open(join(dataRoot, "content"));
  await files.sweep();
  const records = await FsRecords.open(join(dataRoot, "records"));
  const clock = systemClock();
  const createSha256 = createNodeSha256;
  const content = new FileContentStore({ files, createSha256 });
  const layers = new LayerImages({ files, createSha256 });
  const users = { containersOf: () => [], layersInUse: () => [] };
  const store = await ImageStore.open({ records, content, layers, users });
  await store.collectGarbage();
  const resolver = new Resolver({ fetch, clock, createSha256 }, { mirrors: [], insecureRegistries: [] });
  const puller = new Puller({ resolver, images: store, content, layers, createSha256, clock });
  return {
    store,
    content,
    layers,
    async pull(name, onProgress) {
      await puller.pull({
        reference: parseNormalizedNamed(name),
        platforms: [{ os: "linux", architecture: "386" }],
        onProgress: ({ status }) => onProgress?.(status ?? ""),
      });
    },
    close: () => records.close(),
  };
}
