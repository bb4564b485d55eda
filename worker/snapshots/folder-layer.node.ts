import { execFileSync } from "node:child_process";
import { MemoryFiles } from "../content/memory.ts";
import type { RandomAccess } from "../internal/random-access.ts";
import { writeLayer } from "./layer-writer.ts";

/** For tests: the layer image of what a folder of this machine holds. */
export async function layerOfFolder(folder: string): Promise<RandomAccess> {
  const tar = execFileSync("tar", ["-cf", "-", "-C", folder, "."], { maxBuffer: 64 << 20 });
  const files = new MemoryFiles();
  const writer = await files.create("image");
  await writeLayer(
    (async function* () {
      yield new Uint8Array(tar);
    })(),
    writer,
  );
  await writer.commit();
  const file = await files.open("image");
  if (!file) throw new Error("no image was written");
  return file;
}
