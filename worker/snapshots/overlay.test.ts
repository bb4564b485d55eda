import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sha256 } from "../archive/sha256.ts";
import { type NewTarEntry, writeTar } from "../archive/tar/tar-writer.ts";
import { MemoryFiles } from "../content/memory.ts";
import type { RandomAccess } from "../internal/random-access.ts";
import type { Digest } from "../oci/digest.ts";
import { FakeGuest } from "../shim/fake-guest.ts";
import { GuestError, type GuestOperation } from "../shim/guest.ts";
import { LayerImages } from "./layer-images.ts";
import type { Mount } from "./mount.ts";
import { OverlaySnapshotter } from "./overlay.ts";
import { type SnapshotterUnderTest, snapshotterSuite } from "./snapshotter.suite.ts";

async function addLayer(
  layers: LayerImages,
  entries: readonly (readonly [NewTarEntry, Uint8Array?])[],
): Promise<Digest> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar(entries)) chunks.push(chunk);
  const tar = Buffer.concat(chunks);
  const diffId = await sha256(tar);
  await layers.ensure({ diffId, open: async () => new Response(tar).body as ReadableStream<Uint8Array> });
  return diffId;
}

async function twoLayers(layers: LayerImages): Promise<[Digest, Digest]> {
  const lower = await addLayer(layers, [
    [{ name: "both" }, Buffer.from("lower")],
    [{ name: "gone" }],
    [{ name: "d/old" }],
  ]);
  const upper = await addLayer(layers, [
    [{ name: "both" }, Buffer.from("upper")],
    [{ name: ".wh.gone" }],
    [{ name: "d/.wh..wh..opq" }],
    [{ name: "d/new" }],
  ]);
  return [lower, upper];
}

async function withFakeGuest() {
  const published = new Map<string, RandomAccess>();
  const files = {
    publish: (name: string, file: RandomAccess) => void published.set(name, file),
    withdraw: (name: string) => void published.delete(name),
  };
  const layers = new LayerImages({ files: new MemoryFiles() });
  const guests = [new FakeGuest()];
  const guest = () => guests.at(-1) as FakeGuest;
  const snapshotter = new OverlaySnapshotter({ guest, files, layers });
  return {
    snapshotter,
    published,
    layers,
    guests,
    guest,
    diffIds: await twoLayers(layers),
    replaceGuest: () => void guests.push(new FakeGuest()),
    close: async () => undefined,
  };
}

snapshotterSuite("OverlaySnapshotter on a fake guest", withFakeGuest);

describe("OverlaySnapshotter", () => {
  it("prepare() needs one round trip and mounts each layer once", async () => {
    const { snapshotter, guest, diffIds } = await withFakeGuest();
    await snapshotter.prepare("one", diffIds);
    expect(guest().calls).toBe(1);
    await snapshotter.prepare("two", diffIds);
    expect(guest().calls).toBe(2);
    expect(guest().mounts.filter(({ type }) => type === "erofs").length).toBe(2);
    expect(guest().mounts.length).toBe(2);
  });

  it("prepare() puts the topmost layer first", async () => {
    const { snapshotter, guest, diffIds } = await withFakeGuest();
    const [mount] = await snapshotter.prepare("key", diffIds);
    const target = (diffId: Digest) => guest().mounts.find(({ source }) => source.includes(diffId.slice(7)))?.target;
    expect(mount?.options[0]).toBe(`lowerdir=${target(diffIds[1])}:${target(diffIds[0])}:/run/wherry/l/.base`);
  });

  it("prepare() keeps 127 layers within one page of mount options", async () => {
    const { snapshotter, layers } = await withFakeGuest();
    const diffIds: Digest[] = [];
    for (let index = 0; index < 127; index++) diffIds.push(await addLayer(layers, [[{ name: `f${index}` }]]));
    const [mount] = await snapshotter.prepare("k".repeat(64), diffIds);
    expect(mount?.options.join(",").length).toBeLessThan(4096);
    expect(mount?.options[0]?.split(":").length).toBe(128);
  });

  it("prepare() takes everything back when the guest refuses", async () => {
    const { snapshotter, guest, published, diffIds } = await withFakeGuest();
    let mounts = 0;
    guest().fails = (operation) =>
      operation.op === "mount" && operation.type === "erofs" && ++mounts === 2 ? "EIO" : undefined;
    await expect(snapshotter.prepare("key", diffIds)).rejects.toThrow(GuestError);
    expect(published.size).toBe(0);
    expect(guest().mounts.filter(({ type }) => type === "erofs")).toEqual([]);
    await snapshotter.prepare("key", diffIds);
    expect(published.size).toBe(2);
  });

  it("release() unmounts a layer that nothing uses", async () => {
    const { snapshotter, guest, published, diffIds } = await withFakeGuest();
    await snapshotter.prepare("key", diffIds);
    await expect(snapshotter.release(diffIds[0])).rejects.toMatchObject({ name: "Conflict" });
    await snapshotter.remove("key");
    await snapshotter.release(diffIds[0]);
    await snapshotter.release(diffIds[0]);
    expect(published.size).toBe(1);
    expect(guest().mounts.filter(({ type }) => type === "erofs").length).toBe(1);
  });

  it("reset() forgets the guest, and the next one starts anew", async () => {
    const { snapshotter, guests, guest, published, diffIds } = await withFakeGuest();
    await snapshotter.prepare("key", diffIds);
    snapshotter.reset();
    expect(published.size).toBe(0);
    await expect(snapshotter.mounts("key")).rejects.toMatchObject({ name: "NotFound" });
    guests.push(new FakeGuest());
    await snapshotter.prepare("key", diffIds);
    expect(guest().mounts.length).toBe(2);
  });
});

/** A guest that is this machine's kernel, under a folder of its own. */
async function withRealKernel(): Promise<SnapshotterUnderTest & { mount(mounts: readonly Mount[]): string }> {
  const folder = mkdtempSync(join(tmpdir(), "overlay-"));
  const mounted: string[] = [];
  const mount = (type: string, options: readonly string[], source: string, target: string) => {
    const loop = type === "erofs" ? ["loop"] : [];
    execFileSync("mount", ["-t", type, "-o", ["rw", ...options, ...loop].join(","), source, target]);
    mounted.push(target);
  };
  const unmount = (target: string) => {
    if (!mounted.includes(target)) return;
    execFileSync("umount", [target]);
    mounted.splice(mounted.indexOf(target), 1);
  };
  const carryOut = (operation: GuestOperation) => {
    if (operation.op === "mkdir")
      mkdirSync(operation.path, { mode: operation.mode, recursive: operation.parents ?? false });
    else if (operation.op === "mount") mount(operation.type, operation.options, operation.source, operation.target);
    else if (operation.op === "remove")
      rmSync(operation.path, { recursive: true, force: operation.missingOk ?? false });
    else if (operation.op === "unmount") unmount(operation.target);
    else if (operation.op === "write") writeFileSync(operation.path, operation.bytes, { mode: operation.mode });
    else if (operation.op === "symlink") symlinkSync(operation.target, operation.path);
    else throw new Error(`unexpected ${operation.op}`);
  };
  const guest = {
    run: async (operations: readonly GuestOperation[]) => operations.forEach(carryOut),
    usage: async (path: string) => ({ size: 0, inodes: existsSync(path) ? 1 : 0 }),
  };
  mkdirSync(join(folder, "host/layers"), { recursive: true });
  const memory = join(folder, "s");
  mkdirSync(memory);
  mount("tmpfs", [], "tmpfs", memory);
  const files = {
    publish: (name: string, file: RandomAccess) => {
      writeFileSync(join(folder, "host/layers", name), file.readAt(0, file.size) as Uint8Array);
    },
    withdraw: () => undefined,
  };
  const layers = new LayerImages({ files: new MemoryFiles() });
  const snapshotter = new OverlaySnapshotter(
    { guest: () => guest, files, layers },
    { hostFiles: join(folder, "host"), layerFolder: join(folder, "l"), snapshotFolder: memory },
  );
  return {
    snapshotter,
    diffIds: await twoLayers(layers),
    replaceGuest() {
      unmount(memory);
      mount("tmpfs", [], "tmpfs", memory);
    },
    mount(mounts) {
      const target = mkdtempSync(join(folder, "root-"));
      for (const { type, options, source } of mounts) mount(type === "bind" ? "none" : type, options, source, target);
      return target;
    },
    async close() {
      for (const target of mounted.splice(0).reverse()) execFileSync("umount", [target]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

describe.skipIf(process.getuid?.() !== 0)("with a real kernel", () => {
  snapshotterSuite("OverlaySnapshotter", withRealKernel);

  it("shows the layers merged, and writes to the writable one alone", async () => {
    const test = await withRealKernel();
    try {
      const [one, two] = [
        test.mount(await test.snapshotter.prepare("one", test.diffIds)),
        test.mount(await test.snapshotter.prepare("two", test.diffIds)),
      ];
      const list = (path: string) =>
        execFileSync("find", [path, "-mindepth", "1", "-printf", "%P\\n"]).toString().trim().split("\n").sort();
      const base = ".dockerenv dev etc etc/hostname etc/hosts etc/mtab etc/resolv.conf proc sys".split(" ");
      const withBase = (...own: string[]) => [...base, ...own].sort();
      expect(list(one)).toEqual(withBase("both", "d", "d/new"));
      expect(readFileSync(join(one, "both"), "utf8")).toBe("upper");
      writeFileSync(join(one, "both"), "changed");
      symlinkSync("x", join(one, "link"));
      rmSync(join(one, "d"), { recursive: true });
      expect(list(one)).toEqual(withBase("both", "link"));
      expect(list(two)).toEqual(withBase("both", "d", "d/new"));
      expect(readFileSync(join(two, "both"), "utf8")).toBe("upper");
    } finally {
      await test.close();
    }
  });

  it("mounts an image that has a layer twice", async () => {
    const test = await withRealKernel();
    try {
      const [lower, upper] = test.diffIds;
      const path = test.mount(await test.snapshotter.prepare("key", [lower, upper, lower]));
      expect(readFileSync(join(path, "both"), "utf8")).toBe("lower");
      expect(existsSync(join(path, "gone"))).toBe(true);
    } finally {
      await test.close();
    }
  });
});
