import { expect, test } from "vitest";
import type { Digest } from "../oci/digest.ts";
import { FakeSnapshotter } from "../snapshots/fake-snapshotter.ts";
import { snapshotterSuite } from "../snapshots/snapshotter.suite.ts";
import { BootingSnapshotter } from "./booting-snapshotter.ts";

const diffIds: readonly [Digest, Digest] = [`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`];

snapshotterSuite("BootingSnapshotter", async () => ({
  snapshotter: new BootingSnapshotter(new FakeSnapshotter(diffIds), async () => undefined),
  diffIds,
  close: async () => undefined,
}));

test("prepare() waits for the guest, and is refused when there is none to be had", async () => {
  const inner = new FakeSnapshotter(diffIds);
  let boot: (failure?: Error) => void = () => undefined;
  const snapshotter = new BootingSnapshotter(
    inner,
    () => new Promise<void>((resolve, reject) => (boot = (failure) => (failure ? reject(failure) : resolve()))),
  );
  const prepared = snapshotter.prepare("key", diffIds);
  expect(inner.keys.size).toBe(0);
  boot();
  expect(await prepared).toEqual(await inner.mounts("key"));
  const refused = snapshotter.prepare("other", diffIds);
  boot(new Error("no snapshot of a guest"));
  await expect(refused).rejects.toThrow("no snapshot of a guest");
  expect([...inner.keys]).toEqual(["key"]);
});
