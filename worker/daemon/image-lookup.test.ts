import { expect, test } from "vitest";
import { createNodeSha256 } from "../archive/sha256.node.ts";
import { sha256 } from "../archive/sha256.ts";
import { FileContentStore } from "../content/content-store.ts";
import { MemoryFiles } from "../content/memory.ts";
import { ImageStore } from "../images/image-store.ts";
import type { Images } from "../images/images.ts";
import { MemoryRecords } from "../metadata/memory.ts";
import type { Digest } from "../oci/digest.ts";
import { StoredImages } from "./image-lookup.ts";

const diffId: Digest = `sha256:${"1".repeat(64)}`;

test("an image's layers stay while a container is made of it, though the image is removed meanwhile", async () => {
  const config = new TextEncoder().encode(
    JSON.stringify({ architecture: "386", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [diffId] } }),
  );
  const id = await sha256(config);
  const content = new FileContentStore({ files: new MemoryFiles(), createSha256: createNodeSha256 });
  const ingest = await content.ingest({ digest: id, size: config.length });
  await ingest.write(config);
  await ingest.commit();
  const removed: Digest[] = [];
  let unpacked = () => {};
  const unpacking = new Promise<void>((resolve) => {
    unpacked = resolve;
  });
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const layers = {
    ensure: async () => {
      begin();
      await unpacking;
      return { contentSize: 1 };
    },
    remove: async (layer: Digest) => void removed.push(layer),
    list: async () => [diffId],
  };
  const users = { containersOf: () => [], layersInUse: () => [] };
  const store = await ImageStore.open({ records: new MemoryRecords(), content, layers, users });
  const blob = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: diffId, size: 1 };
  await store.put({ id, layers: [{ diffId, blob, size: 1 }] }, []);
  const images = { inspect: async () => ({ Id: id, Config: {} }) } as unknown as Images;

  const getting = new StoredImages(store, images).get(id);
  await begun;
  await store.remove(id);
  unpacked();
  const image = await getting;
  expect([image.diffIds, removed]).toEqual([[diffId], []]);
  await image.release();
  expect(removed).toEqual([diffId]);
  await expect(new StoredImages(store, images).get(id)).rejects.toMatchObject({ name: "NotFound" });
});
