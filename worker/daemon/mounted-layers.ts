import { errorMessage } from "../errdefs/errors.ts";
import type { LayerUnpacker } from "../images/layer-unpacker.ts";
import type { Digest } from "../oci/digest.ts";
import type { OverlaySnapshotter } from "../snapshots/overlay.ts";

export interface MountedLayersComponents {
  readonly layers: LayerUnpacker;
  readonly snapshotter: Pick<OverlaySnapshotter, "release">;
  /** Hears of layers that have to stay. */
  readonly log: (message: string) => void;
}

/** Unpacked layers that a guest may have mounted: one is unmounted there before its file goes, or reads of it would fail. */
export class MountedLayers implements LayerUnpacker {
  readonly #components: MountedLayersComponents;

  constructor(components: MountedLayersComponents) {
    this.#components = components;
  }

  ensure(options: Parameters<LayerUnpacker["ensure"]>[0]): ReturnType<LayerUnpacker["ensure"]> {
    return this.#components.layers.ensure(options);
  }

  list(): Promise<readonly Digest[]> {
    return this.#components.layers.list();
  }

  /** A layer that a container still has, or that the guest does not let go, stays: the next collection tries it again. */
  async remove(diffId: Digest): Promise<void> {
    const { layers, snapshotter, log } = this.#components;
    try {
      await snapshotter.release(diffId);
    } catch (error) {
      log(`layer ${diffId} stays for now: ${errorMessage(error)}`);
      return;
    }
    await layers.remove(diffId);
  }
}
