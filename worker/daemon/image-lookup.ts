import type { HeldImage, ImageLookup } from "../containers/components.ts";
import { isEngineError } from "../errdefs/errors.ts";
import type { ImageStore, ImageUsers } from "../images/image-store.ts";
import type { Images } from "../images/images.ts";
import type { Digest } from "../oci/digest.ts";
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
  ): Promise<HeldImage> {
    const store = this.#store;
    // Asked once: the name may be of another image a moment later.
    const { Id, Config } = await this.#images.inspect(reference, platform ? { platform } : {});
    const lease = store.lease();
    try {
      const { id, record, config } = await store.resolve(Id);
      await lease.holdLayers(record.layers.map(({ diffId }) => diffId));
      await lease.holdBlobs([id, ...record.layers.map(({ blob }) => blob.digest)]);
      // What was removed before it was held is not there.
      store.resolveId(id);
      await store.unpack(id, signal);
      const release = () => store.release(lease);
      return { id, config: Config ?? {}, diffIds: config.diffIds, platform: config.platform, release };
    } catch (error) {
      await store.release(lease);
      throw error;
    }
  }

  layersSize(diffIds: readonly Digest[]): number {
    return this.#store.layersSize(diffIds);
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
