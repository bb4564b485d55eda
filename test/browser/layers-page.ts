import { MemoryFiles } from "../../worker/content/memory.ts";
import { isDigest } from "../../worker/oci/digest.ts";
import { LayerImages } from "../../worker/snapshots/layer-images.ts";

/** What layers.test.ts calls inside a page. */
const layers = {
  /** Unpacks a layer whose blob, in base64, arrives in pieces of `pieceSize` bytes. Answers the bytes of its files, or the error. */
  async unpack(blob: string, diffId: string, pieceSize: number): Promise<number | string> {
    const bytes = Uint8Array.from(atob(blob), (char) => char.charCodeAt(0));
    const open = async () => {
      let at = 0;
      return new ReadableStream<Uint8Array>(
        {
          // As from the content store: a piece at a time, and never at once.
          async pull(controller) {
            await Promise.resolve();
            if (at >= bytes.length) return controller.close();
            controller.enqueue(bytes.slice(at, at + pieceSize));
            at += pieceSize;
          },
        },
        { highWaterMark: 0 },
      );
    };
    if (!isDigest(diffId)) throw new TypeError(diffId);
    try {
      return (await new LayerImages({ files: new MemoryFiles() }).ensure({ diffId, open })).contentSize;
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
  },
};

export type Layers = typeof layers;
Object.assign(globalThis, { layers });
