import type { Digest } from "../oci/digest.ts";
import { FakeSnapshotter } from "./fake-snapshotter.ts";
import { snapshotterSuite } from "./snapshotter.suite.ts";

const diffIds: readonly [Digest, Digest] = [`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`];

snapshotterSuite("FakeSnapshotter", async () => ({
  snapshotter: new FakeSnapshotter(diffIds),
  diffIds,
  close: async () => undefined,
}));
