import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Digest } from "../oci/digest.ts";
import type { Snapshotter } from "./snapshotter.ts";

export interface SnapshotterUnderTest {
  readonly snapshotter: Snapshotter;
  /** Two layers that can be used, lowest first. */
  readonly diffIds: readonly [Digest, Digest];
  /** Puts a guest with empty memory in the place of the one that there is, where there is one. */
  readonly replaceGuest?: () => void;
  close(): Promise<void>;
}

/** What every snapshotter must do, whatever it is made of. */
export function snapshotterSuite(name: string, open: () => Promise<SnapshotterUnderTest>): void {
  describe(`${name} as a snapshotter`, () => {
    let test: SnapshotterUnderTest;
    beforeEach(async () => {
      test = await open();
    });
    afterEach(() => test.close());

    it("prepare() answers mounts that mounts() repeats", async () => {
      const prepared = await test.snapshotter.prepare("key", test.diffIds);
      expect(prepared.length).toBeGreaterThan(0);
      expect(await test.snapshotter.mounts("key")).toEqual(prepared);
    });

    it("prepare() gives each key a writable layer of its own", async () => {
      const [one, two] = [
        await test.snapshotter.prepare("one", test.diffIds),
        await test.snapshotter.prepare("two", test.diffIds),
      ];
      expect(one).not.toEqual(two);
      expect((await test.snapshotter.usage("one")).inodes).toBeGreaterThanOrEqual(0);
    });

    it("prepare() works for callers at the same time", async () => {
      const keys = ["a", "b", "c", "d"];
      const all = await Promise.all(keys.map((key) => test.snapshotter.prepare(key, test.diffIds)));
      expect(new Set(all.map((mounts) => JSON.stringify(mounts))).size).toBe(keys.length);
    });

    it("prepare() takes an image without layers, and one that has a layer twice", async () => {
      const [lower, upper] = test.diffIds;
      expect((await test.snapshotter.prepare("none", [])).length).toBeGreaterThan(0);
      expect((await test.snapshotter.prepare("twice", [lower, upper, lower])).length).toBeGreaterThan(0);
    });

    it("prepare() refuses a key that is in use, and one that is no name", async () => {
      await test.snapshotter.prepare("key", test.diffIds);
      await expect(test.snapshotter.prepare("key", test.diffIds)).rejects.toMatchObject({ name: "Conflict" });
      for (const key of ["../up", "a/b", "", ".", "x:y"]) {
        await expect(test.snapshotter.prepare(key, [])).rejects.toMatchObject({ name: "InvalidParameter" });
      }
    });

    it("prepare() refuses more than 127 layers and layers that are not unpacked", async () => {
      const [lower] = test.diffIds;
      await expect(test.snapshotter.prepare("deep", Array(128).fill(lower))).rejects.toThrow("max depth exceeded");
      const unknown: Digest = `sha256:${"f".repeat(64)}`;
      await expect(test.snapshotter.prepare("key", [lower, unknown])).rejects.toMatchObject({ name: "NotFound" });
      await expect(test.snapshotter.mounts("key")).rejects.toMatchObject({ name: "NotFound" });
      await test.snapshotter.prepare("key", [lower]);
    });

    it("prepare() does nothing once it was aborted", async () => {
      const signal = AbortSignal.abort(new Error("stop"));
      await expect(test.snapshotter.prepare("key", test.diffIds, signal)).rejects.toThrow("stop");
      await expect(test.snapshotter.mounts("key")).rejects.toMatchObject({ name: "NotFound" });
    });

    it("remove() frees the key, and may be repeated", async () => {
      await test.snapshotter.prepare("key", test.diffIds);
      await test.snapshotter.remove("key");
      await test.snapshotter.remove("key");
      await expect(test.snapshotter.mounts("key")).rejects.toMatchObject({ name: "NotFound" });
      await expect(test.snapshotter.usage("key")).rejects.toMatchObject({ name: "NotFound" });
      await test.snapshotter.prepare("key", test.diffIds);
    });

    it("reset() forgets what was in the guest's memory, and the next guest starts anew", async () => {
      await test.snapshotter.prepare("key", test.diffIds);
      test.replaceGuest?.();
      test.snapshotter.reset();
      await expect(test.snapshotter.mounts("key")).rejects.toMatchObject({ name: "NotFound" });
      await test.snapshotter.prepare("key", test.diffIds);
    });
  });
}
