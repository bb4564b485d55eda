import type { ContainerImage, ImageLookup } from "../containers/components.ts";
import type { Digest } from "../content/store.ts";
import { isEngineError } from "../errdefs/errors.ts";
import type { ImageStore, ImageUsers } from "../images/image-store.ts";
import type { Images } from "../images/images.ts";
import type { Platform } from "../oci/platform.ts";

/** Images as containers want them. */
export class StoredImages implements ImageLookup {
  readonly #store: ImageStore;
  readonly #images: Pick<Images, "inspect">;

  constructor(store: ImageStore, images: Pick<Images, "inspect">) {
    this.#store = store;
    this.#images = images;
  }

  async get(
    reference: string,
    { platform, signal }: { readonly platform?: Platform; readonly signal?: AbortSignal } = {},
  ): Promise<ContainerImage> {
    const { Config } = await this.#images.inspect(reference, platform ? { platform } : {});
    const { id, config } = await this.#store.resolve(reference);
    await this.#store.unpack(id, signal);
    return { id, config: Config ?? {}, diffIds: config.diffIds, os: config.platform.os };
  }

  collectLayers(diffIds: readonly Digest[]): Promise<void> {
    return this.#store.collectLayers(diffIds);
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
