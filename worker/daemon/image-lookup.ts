import type { ContainerImage, ImageLookup } from "../containers/components.ts";
import type { StoredFile } from "../content/files.ts";
import type { ContentStore, Digest } from "../content/store.ts";
import { isEngineError } from "../errdefs/errors.ts";
import type { ImageStore, ImageUsers } from "../images/image-store.ts";
import type { Images } from "../images/images.ts";
import type { Platform } from "../oci/platform.ts";
import type { LayerImages } from "../snapshots/layer-images.ts";

export interface StoredImagesComponents {
  readonly store: ImageStore;
  readonly images: Images;
  readonly layers: Pick<LayerImages, "ensure">;
  readonly content: Pick<ContentStore, "open">;
}

/** Images as containers want them. Layer images are a cache: one that is missing is made again from its blob. */
export class StoredImages implements ImageLookup {
  readonly #store: ImageStore;
  readonly #images: Images;
  readonly #layers: Pick<LayerImages, "ensure">;
  readonly #content: Pick<ContentStore, "open">;

  constructor(parts: StoredImagesComponents) {
    this.#store = parts.store;
    this.#images = parts.images;
    this.#layers = parts.layers;
    this.#content = parts.content;
  }

  async get(
    reference: string,
    { platform, signal }: { readonly platform?: Platform; readonly signal?: AbortSignal } = {},
  ): Promise<ContainerImage> {
    const { Config } = await this.#images.inspect(reference, platform ? { platform } : {});
    const { id, config, record } = await this.#store.resolve(reference);
    for (const { diffId, blob } of record.layers) {
      let file: StoredFile | undefined;
      try {
        await this.#layers.ensure({
          diffId,
          open: async (aborted) => {
            file = await this.#content.open(blob.digest);
            return file.stream({ signal: aborted });
          },
          ...(signal ? { signal } : {}),
        });
      } finally {
        await file?.close();
      }
    }
    return { id, config: Config ?? {}, diffIds: config.diffIds, os: config.platform.os };
  }

  async resolve(reference: string): Promise<Digest | undefined> {
    try {
      return this.#store.resolveId(reference);
    } catch (error) {
      if (isEngineError(error)) return undefined;
      throw error;
    }
  }
}

/** Who uses images. Containers are opened after the images that they run, so they are named later. */
export class LateImageUsers implements ImageUsers {
  containers: () => readonly {
    readonly id: string;
    readonly imageId: string;
    readonly state: string;
    readonly diffIds: readonly Digest[];
  }[] = () => [];

  containersOf(image: Digest): readonly { readonly id: string; readonly running: boolean }[] {
    return this.containers()
      .filter(({ imageId }) => imageId === image)
      .map(({ id, state }) => ({ id, running: ["running", "paused", "restarting"].includes(state) }));
  }

  layersInUse(): Iterable<Digest> {
    return this.containers().flatMap(({ diffIds }) => diffIds);
  }
}
