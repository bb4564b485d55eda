import { encodePath } from "../archive/tar/path-text.ts";
import { TarReader } from "../archive/tar/tar-reader.ts";
import type { FileWriter } from "../content/files.ts";
import { ErofsWriter } from "./erofs/erofs-writer.ts";
import { LayerTree } from "./layer-tree.ts";

export interface WrittenLayer {
  /** Bytes of the image. */
  readonly imageSize: number;
  /** Bytes of all files and of the targets of symlinks in the layer, which is what Docker calls its size. */
  readonly contentSize: number;
  readonly inodes: number;
}

/** What is noted in the image's first bytes, so that it need not be read to be known. */
export type Label = (layer: Pick<WrittenLayer, "contentSize" | "imageSize">) => Uint8Array;

/**
 * Writes the EROFS image of a layer from its archive. The archive is read to its very end, so that a digest taken on the
 * way is that of all of it; `label` is asked after that and may reject. Throws `InvalidParameter` for an archive that is
 * corrupt or does not stay in its tree. The caller commits or aborts `out`.
 */
export async function writeLayer(
  tar: AsyncIterable<Uint8Array>,
  out: FileWriter,
  label: Label = () => new Uint8Array(0),
): Promise<WrittenLayer> {
  const reader = new TarReader(tar);
  try {
    const tree = new LayerTree();
    const writer = new ErofsWriter(out);
    const pull = () => reader.content();
    let contentSize = 0;
    for (let entry = await reader.next(); entry; entry = await reader.next()) {
      const inode = tree.add(entry);
      if (entry.type === "symlink") contentSize += encodePath(entry.linkName).length;
      if (!inode) continue;
      contentSize += inode.size;
      await writer.file(inode, pull);
    }
    await reader.drain();
    const image = await writer.finish(tree.root, (imageSize) => label({ contentSize, imageSize }));
    return { imageSize: image.size, contentSize, inodes: image.inodes };
  } finally {
    await reader.close();
  }
}
