import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  allOf,
  base,
  boot,
  type Disk,
  type ImageEngine,
  nothing,
  one,
  openImages,
  short,
  two,
} from "../../test/support/images.node.ts";
import {
  blob,
  buildImage,
  buildIndex,
  descriptor,
  hasRealRegistry,
  pushImage,
  pushManifest,
  startRegistry,
  type TestImage,
} from "../../test/support/registry.node.ts";
import type { RegistryDouble } from "../../test/support/registry-double.node.ts";
import type { JsonMessage } from "../api/types/common.ts";
import { parsePlatform } from "../oci/platform.ts";

let registry: RegistryDouble;
let disk: Disk;
let engine: ImageEngine;
beforeEach(async () => {
  ({ registry, disk, engine } = await openImages());
});
afterEach(() => registry.stop());

const named = (name: string) => `${registry.host}/${name}`;
const statuses = (messages: readonly JsonMessage[]) =>
  messages.map(({ status, id }) => (id ? `${id}: ${status}` : status));

describe("pull()", () => {
  test("tells Docker's progress, and stores the image whole", async () => {
    const messages = await engine.pull(named("one"));
    const [first, second] = one.layers.map(({ digest }) => short(digest));
    const seen = new Set(statuses(messages));
    expect(statuses(messages).slice(0, 3)).toEqual([
      "latest: Pulling from one",
      `${first}: Pulling fs layer`,
      `${second}: Pulling fs layer`,
    ]);
    for (const layer of [first, second]) {
      for (const status of ["Downloading", "Verifying Checksum", "Download complete", "Extracting", "Pull complete"]) {
        expect(seen).toContain(`${layer}: ${status}`);
      }
    }
    expect(statuses(messages).slice(-2)).toEqual([
      `Digest: ${one.manifest.digest}`,
      `Status: Downloaded newer image for ${named("one:latest")}`,
    ]);
    const total = one.layers[0]?.bytes.length;
    expect(messages).toContainEqual({ status: "Downloading", id: first, progressDetail: { current: total, total } });
    const stored = await engine.stored();
    expect(stored.blobs).toEqual(allOf(one));
    expect(stored.layers).toEqual([...one.diffIds].sort());
    expect(engine.events).toEqual([`image pull ${named("one:latest")}`]);
  });

  test("waits with more than three layers, and takes a layer that comes twice once", async () => {
    const many = buildImage({ layers: [base, { a: "1" }, { b: "2" }, { c: "3" }, { d: "4" }, base] });
    registry.add("many:latest", many);
    const seen = statuses(await engine.pull(named("many")));
    expect(seen.filter((line) => line?.endsWith("Waiting"))).toHaveLength(2);
    expect(seen.filter((line) => line?.endsWith("Pull complete"))).toHaveLength(5);
    const inspect = await engine.images.inspect(named("many"));
    expect(inspect.RootFS.Layers).toEqual(many.diffIds);
  });

  test("layers are complete from the lowest up, however they arrive", async () => {
    const many = buildImage({ layers: [base, { a: "1" }, { b: "2" }] });
    registry.add("many:latest", many);
    const lowest = many.layers[0]?.digest ?? "";
    let late = () => undefined as unknown;
    const othersAreThere = new Promise<void>((resolve) => {
      late = resolve;
    });
    registry.answer = (request, response) => {
      if (!request.url?.endsWith(lowest)) return false;
      othersAreThere.then(() => response.end(many.layers[0]?.bytes));
      return true;
    };
    const messages: JsonMessage[] = [];
    let complete = 0;
    await engine.images.pull({
      image: named("many"),
      tag: "latest",
      onProgress: (message) => {
        messages.push(message);
        if (message.status === "Download complete" && ++complete === 2) late();
      },
    });
    const done = statuses(messages).filter((line) => line?.endsWith("Pull complete"));
    expect(done).toEqual(many.layers.map(({ digest }) => `${short(digest)}: Pull complete`));
  });

  test("without a tag all tags are pulled, and the last line is about all of them", async () => {
    registry.add("one:2", two);
    registry.add("one:3", two);
    const messages = statuses(await engine.pull(named("one"), { all: true }));
    expect(messages.filter((line) => line?.includes("Pulling from"))).toEqual([
      "2: Pulling from one",
      "3: Pulling from one",
      "latest: Pulling from one",
    ]);
    expect(messages.at(-1)).toBe(`Status: Downloaded newer image for ${named("one")}`);
    expect((await engine.images.inspect(two.config.digest)).RepoTags).toEqual([named("one:2"), named("one:3")]);
    expect(engine.events).toEqual([`image pull ${named("one")}`]);
    const again = statuses(await engine.pull(named("one"), { all: true }));
    expect(again.at(-1)).toBe(`Status: Image is up to date for ${named("one")}`);
  });

  test("of an operating system alone is for what the machine runs of it", async () => {
    await engine.pull(named("one"), { platform: "linux" });
    await expect(engine.pull(named("two"), { platform: "windows" })).rejects.toThrow("(windows/386)");
  });

  test("scratch is no image", async () => {
    await expect(engine.pull("scratch")).rejects.toMatchObject({
      name: "InvalidParameter",
      message: "'scratch' is a reserved name",
    });
  });

  test("a second pull transfers no blob, also after a restart", async () => {
    await engine.pull(named("one"));
    for (const current of [engine, await boot(disk)]) {
      registry.requests.length = 0;
      expect(statuses(await current.pull(named("one")))).toEqual([
        "latest: Pulling from one",
        `Digest: ${one.manifest.digest}`,
        `Status: Image is up to date for ${named("one:latest")}`,
      ]);
      expect(registry.requests).toEqual(["HEAD /v2/one/manifests/latest"]);
    }
  });

  test("a layer that another image has is stored once, and not transferred again", async () => {
    await engine.pull(named("one"));
    registry.requests.length = 0;
    const messages = await engine.pull(named("two"));
    expect(statuses(messages)).toContain(`${short(two.layers[0]?.digest ?? "")}: Already exists`);
    expect(registry.requests.filter((line) => line.includes(two.layers[0]?.digest ?? ""))).toEqual([]);
    expect((await engine.stored()).blobs).toEqual(allOf(one, two));
  });

  test("two pulls at the same time transfer each blob once", async () => {
    await Promise.all([engine.pull(named("one")), engine.pull(named("one")), engine.pull(named("two"))]);
    const blobs = registry.requests.filter((line) => line.includes("/blobs/"));
    const digests = blobs.map((line) => line.slice(-64));
    expect(new Set(digests).size).toBe(digests.length);
    expect((await engine.stored()).blobs).toEqual(allOf(one, two));
  });

  test("chooses from an index what the machine runs", async () => {
    const amd64 = buildImage({ layers: [{ x: "64" }], architecture: "amd64", types: "oci" });
    const oci = buildImage({ layers: [{ x: "32" }], types: "oci", compression: "none" });
    registry.add("multi:latest", amd64);
    registry.add("multi:386", oci);
    const index = buildIndex([
      ["linux/amd64", amd64],
      ["linux/386", oci],
      ["unknown/unknown", amd64],
    ]);
    registry.add("multi:latest", index);
    await engine.pull(named("multi"));
    const inspect = await engine.images.inspect(named("multi"));
    expect(inspect).toMatchObject({
      Id: oci.config.digest,
      Architecture: "386",
      RepoDigests: [`${named("multi")}@${index.digest}`],
    });
    await engine.pull(named("multi"), { platform: "linux/amd64" });
    expect((await engine.images.inspect(named("multi"))).Id).toBe(amd64.config.digest);
    await expect(engine.images.inspect(named("multi"), { platform: parsePlatform("linux/386") })).rejects.toThrow(
      "does not match",
    );
  });

  test("an index may name another index, but not for ever", async () => {
    let top = buildIndex([["linux/386", one]]);
    const nest = () => {
      registry.add("nested", top);
      top = buildIndex([["linux/386", { ...one, manifest: top }]]);
    };
    registry.add("nested:one", one);
    nest();
    registry.add("nested:latest", top);
    await engine.pull(named("nested"));
    expect(engine.store.all().map(({ id }) => id)).toEqual([one.config.digest]);
    for (let depth = 0; depth < 8; depth += 1) nest();
    registry.add("nested:deep", top);
    await expect(engine.pull(named("nested:deep"))).rejects.toThrow("indexes are nested deeper than 8");
  });

  test("an entry without a platform is taken for what it names, where no other suits", async () => {
    const entries = (image: TestImage) => ({
      schemaVersion: 2,
      manifests: [
        { ...descriptor(two.manifest), platform: { os: "linux", architecture: "amd64" } },
        descriptor(image.manifest),
      ],
    });
    const indexOf = (image: TestImage) => blob(buildIndex([]).mediaType, Buffer.from(JSON.stringify(entries(image))));
    registry.add("bare:one", one);
    registry.add("bare:latest", indexOf(one));
    await engine.pull(named("bare"));
    expect(engine.store.all().map(({ id }) => id)).toEqual([one.config.digest]);
    const foreign = buildImage({ layers: [base], architecture: "amd64" });
    registry.add("bare:amd64", foreign);
    registry.add("bare:foreign", indexOf(foreign));
    await expect(engine.pull(named("bare:foreign"))).rejects.toThrow(
      "(linux/amd64) does not match the specified platform",
    );
  });

  test("an index without our platform fails with the list of what there is", async () => {
    registry.add(
      "none:latest",
      buildIndex([
        ["linux/arm/v7", one],
        ["linux/amd64", one],
        ["unknown/unknown", one],
      ]),
    );
    const messages: JsonMessage[] = [];
    const pull = engine.images.pull({
      image: named("none"),
      tag: "latest",
      onProgress: (message) => messages.push(message),
    });
    await expect(pull).rejects.toMatchObject({
      name: "NotFound",
      message: "no matching manifest for linux/386 in the manifest list entries (there is: linux/amd64, linux/arm/v7)",
    });
    expect(statuses(messages)).toEqual(["latest: Pulling from none"]);
    expect(await engine.stored()).toEqual(nothing);
  });

  test("an image for another platform is refused", async () => {
    registry.add("amd64:latest", buildImage({ layers: [base], architecture: "amd64" }));
    await expect(engine.pull(named("amd64"))).rejects.toMatchObject({
      name: "NotFound",
      message: `image with reference ${named("amd64:latest")} was found but its platform (linux/amd64) does not match the specified platform (linux/386)`,
    });
    registry.add("windows:latest", buildImage({ layers: [base], fields: { os: "windows" } }));
    await expect(engine.pull(named("windows"))).rejects.toMatchObject({
      name: "InvalidParameter",
      message: 'image operating system "windows" cannot be used on this platform: operating system is not supported',
    });
    expect(await engine.stored()).toEqual(nothing);
  });

  test("a digest is pulled without a tag", async () => {
    const messages = await engine.pull(`${named("one")}@${one.manifest.digest}`);
    expect(messages[0]).toEqual({ status: "Pulling from one", id: `${named("one")}@${one.manifest.digest}` });
    expect(await engine.images.inspect(one.config.digest)).toMatchObject({
      RepoTags: [],
      RepoDigests: [`${named("one")}@${one.manifest.digest}`],
    });
  });

  test("a tag that moved on leaves the former image nameless", async () => {
    await engine.pull(named("one"));
    registry.add("one:latest", two);
    await engine.pull(named("one"));
    expect((await engine.images.inspect(one.config.digest)).RepoTags).toEqual([]);
    expect((await engine.images.inspect(named("one"))).Id).toBe(two.config.digest);
  });
});

describe.skipIf(!(await hasRealRegistry()))("pull() from the real registry server", () => {
  test("an index of OCI images, then nothing more than a HEAD", async () => {
    const real = await startRegistry();
    try {
      const oci = buildImage({ layers: [base, { x: "y" }], types: "oci" });
      const other = buildImage({ layers: [{ z: "y" }], types: "oci", architecture: "amd64" });
      for (const image of [oci, other]) await pushImage(real.host, "team/app:tmp", image);
      await pushManifest(
        real.host,
        "team/app:1",
        buildIndex([
          ["linux/amd64", other],
          ["linux/386", oci],
        ]),
      );
      await engine.pull(`${real.host}/team/app:1`);
      const inspect = await engine.images.inspect(`${real.host}/team/app:1`);
      expect(inspect).toMatchObject({ Id: oci.config.digest, RootFS: { Layers: oci.diffIds } });
      const logged = real.log().length;
      await engine.pull(`${real.host}/team/app:1`);
      expect(real.log().slice(logged)).not.toContain("/blobs/");
    } finally {
      await real.stop();
    }
  });
});
