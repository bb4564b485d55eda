import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  allOf,
  boot,
  type Disk,
  type ImageEngine,
  nothing,
  one,
  openImages,
  short,
  type TestContainer,
  two,
} from "../../test/support/images.node.ts";
import type { RegistryDouble } from "../../test/support/registry-double.node.ts";
import type { Digest } from "../oci/digest.ts";

let registry: RegistryDouble;
let disk: Disk;
let engine: ImageEngine;
beforeEach(async () => {
  ({ registry, disk, engine } = await openImages());
});
afterEach(() => registry.stop());

const named = (name: string) => `${registry.host}/${name}`;

describe("tag(), remove() and prune()", () => {
  const rmi = (name: string, force = false) => engine.images.remove(name, { force, prune: true });
  const container = (running: boolean): TestContainer => ({
    id: "c".repeat(64),
    image: one.config.digest,
    running,
    layers: one.diffIds as Digest[],
  });
  const id = short(one.config.digest);
  beforeEach(() => engine.pull(named("one")));

  test("remove() untags and deletes in Docker's words, and frees all", async () => {
    const { chainIds } = await import("../snapshots/chain-id.ts");
    const chain = await chainIds(one.diffIds as Digest[]);
    expect(await rmi(named("one"))).toEqual([
      { Untagged: named("one:latest") },
      { Untagged: `${named("one")}@${one.manifest.digest}` },
      { Deleted: one.config.digest },
      { Deleted: chain[1] },
      { Deleted: chain[0] },
    ]);
    expect(await engine.stored()).toEqual(nothing);
    expect(engine.events.slice(1)).toEqual([`image untag ${one.config.digest}`, `image delete ${one.config.digest}`]);
  });

  test("remove() keeps what another image shares", async () => {
    await engine.pull(named("two"));
    const items = await rmi(named("one"));
    expect(items.filter(({ Deleted }) => Deleted)).toHaveLength(2);
    expect((await engine.stored()).blobs).toEqual(allOf(two));
  });

  test("remove() of one of two names only untags", async () => {
    await engine.images.tag(named("one"), { repo: "img-a", tag: "1" });
    expect(await rmi("img-a:1")).toEqual([{ Untagged: "img-a:1" }]);
    expect((await engine.images.inspect(named("one"))).RepoTags).toEqual([named("one:latest")]);
  });

  test("of two that remove one name at once, one finds nothing to remove", async () => {
    await engine.images.tag(named("one"), { repo: "img-a", tag: "1" });
    const outcomes = await Promise.allSettled([rmi("img-a:1"), rmi("img-a:1", true)]);
    expect(outcomes).toMatchObject([
      { status: "fulfilled", value: [{ Untagged: "img-a:1" }] },
      { status: "rejected", reason: { name: "NotFound", message: "No such image: img-a:1" } },
    ]);
  });

  test("remove() by ID refuses several names, and force takes all", async () => {
    await engine.images.tag(named("one"), { repo: "img-a", tag: "1" });
    await expect(rmi(id)).rejects.toMatchObject({
      name: "Conflict",
      message: `conflict: unable to delete ${id} (must be forced) - image is referenced in multiple repositories`,
    });
    const items = await rmi(id, true);
    expect(items.filter(({ Untagged }) => Untagged)).toHaveLength(3);
    expect(await engine.stored()).toEqual(nothing);
  });

  test("remove() refuses an image that a stopped container uses", async () => {
    engine.containers.push(container(false));
    await expect(rmi(named("one"))).rejects.toMatchObject({
      name: "Conflict",
      message: `conflict: unable to remove repository reference "${named("one")}" (must force) - container cccccccccccc is using its referenced image ${id}`,
    });
    await expect(rmi(id)).rejects.toMatchObject({
      message: `conflict: unable to delete ${id} (must be forced) - image is being used by stopped container cccccccccccc`,
    });
    expect((await engine.images.inspect(id)).RepoTags).toEqual([named("one:latest")]);
  });

  test("forced removal leaves a stopped container its layers until it is gone", async () => {
    engine.containers.push(container(false));
    const items = await rmi(named("one"), true);
    expect(items.filter((item) => "Deleted" in item)).toEqual([{ Deleted: one.config.digest }]);
    expect(await engine.stored()).toEqual({ ...nothing, layers: [...one.diffIds].sort() });
    await engine.store.collectLayers(one.diffIds as readonly Digest[]);
    expect((await engine.stored()).layers).toEqual([...one.diffIds].sort());
    engine.containers.pop();
    await engine.store.collectLayers(one.diffIds as readonly Digest[]);
    expect(await engine.stored()).toEqual(nothing);
  });

  test("a running container keeps its image even from force", async () => {
    engine.containers.push(container(true));
    await expect(rmi(id, true)).rejects.toMatchObject({
      message: `conflict: unable to delete ${id} (cannot be forced) - image is being used by running container cccccccccccc`,
    });
    // By name force takes the name and leaves the image, as Docker does.
    expect((await rmi(named("one"), true)).map(({ Untagged }) => Untagged)).toContain(named("one:latest"));
    expect((await engine.images.inspect(id)).RepoTags).toEqual([]);
  });

  test("remove() of an image with children is refused", async () => {
    await engine.pull(named("two"));
    const child = engine.store.find(two.config.digest as Digest);
    if (!child) throw new Error("two is not there");
    await engine.store.put({ ...child, parent: one.config.digest as Digest }, []);
    await expect(rmi(id, true)).rejects.toThrow(
      `conflict: unable to delete ${id} (cannot be forced) - image has dependent child images`,
    );
    await rmi(named("one"));
    await rmi(named("two"));
    expect(await engine.stored()).toEqual(nothing);
  });

  test.each([
    ["ABC", "", "invalid reference format: repository name (library/ABC) must be lowercase"],
    ["abc", "++", "invalid tag format"],
    [`abc@${one.manifest.digest}`, "", "refusing to create a tag with a digest reference"],
    ["sha256", "x", "refusing to create an ambiguous tag using digest algorithm as name"],
  ])("tag() refuses %s:%s", async (repo, tag, message) => {
    await expect(engine.images.tag(named("one"), { repo, tag })).rejects.toMatchObject({
      name: "InvalidParameter",
      message,
    });
  });

  test("tags outlive a restart", async () => {
    await engine.images.tag(named("one"), { repo: "img-a", tag: "" });
    const next = await boot(disk);
    expect((await next.images.inspect("img-a")).RepoTags).toEqual([named("one:latest"), "img-a:latest"]);
    await next.images.remove("img-a", { force: false, prune: true });
    await expect((await boot(disk)).images.inspect("img-a")).rejects.toThrow("No such image: img-a:latest");
  });

  test("prune() takes nameless images, and all that no container uses when asked", async () => {
    await engine.pull(named("two"));
    await engine.images.tag(named("two"), { repo: named("one"), tag: "" });
    const report = await engine.images.prune({ filters: new Map() });
    expect(report.ImagesDeleted).toContainEqual({ Deleted: one.config.digest });
    expect(report.SpaceReclaimed).toBe(1);
    expect(await engine.images.prune({ filters: new Map() })).toEqual({ ImagesDeleted: null, SpaceReclaimed: 0 });
    expect(engine.events.filter((event) => event.startsWith("image prune"))).toHaveLength(2);
    const all = await engine.images.prune({ filters: new Map([["dangling", ["false"]]]) });
    expect(all.ImagesDeleted).toContainEqual({ Deleted: two.config.digest });
    expect(await engine.stored()).toEqual(nothing);
  });
});
