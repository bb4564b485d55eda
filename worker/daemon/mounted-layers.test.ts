import { expect, test } from "vitest";
import { conflict } from "../errdefs/errors.ts";
import type { LayerUnpacker } from "../images/layer-unpacker.ts";
import { MountedLayers } from "./mounted-layers.ts";

function open(release: () => Promise<void>) {
  const done: string[] = [];
  const layers: LayerUnpacker = {
    ensure: async () => ({ contentSize: 1 }),
    list: async () => ["sha256:1"],
    remove: async (diffId) => void done.push(`remove ${diffId}`),
  };
  const snapshotter = {
    release: async () => {
      await release();
      done.push("release");
    },
  };
  return { mounted: new MountedLayers({ layers, snapshotter, log: () => undefined }), done };
}

test("a layer is unmounted before its file goes", async () => {
  const { mounted, done } = open(() => new Promise((resolve) => setTimeout(resolve)));
  await mounted.remove("sha256:1");
  expect(done).toEqual(["release", "remove sha256:1"]);
});

test("a layer that a container still has stays", async () => {
  const { mounted, done } = open(() => Promise.reject(conflict("layer sha256:1 is in use")));
  await mounted.remove("sha256:1");
  expect(done).toEqual([]);
});
