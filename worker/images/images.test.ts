import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  blob,
  buildImage,
  buildIndex,
  hasRealRegistry,
  pushImage,
  pushManifest,
  startRegistry,
  type TestImage,
  tarOf,
} from "../../test/support/registry.node.ts";
import { fail, type RegistryDouble, startRegistryDouble } from "../../test/support/registry-double.node.ts";
import type { JsonMessage } from "../api/types/common.ts";
import { createNodeSha256 } from "../archive/sha256.node.ts";
import { FileContentStore } from "../content/content-store.ts";
import { MemoryFiles } from "../content/memory.ts";
import { defaultLimits } from "../distribution/http.ts";
import { Resolver } from "../distribution/resolver.ts";
import { systemClock } from "../internal/clock.ts";
import { MemoryRecords } from "../metadata/memory.ts";
import type { Digest } from "../oci/digest.ts";
import { parsePlatform } from "../oci/platform.ts";
import { LayerImages } from "../snapshots/layer-images.ts";
import { ImageStore } from "./image-store.ts";
import { Images } from "./images.ts";
import { Puller } from "./puller.ts";

/** An archive with one file of 200 MB of zeros, in 7 KB: blocks that repeat one byte, written by hand. */
function zstdBomb(): Uint8Array {
  const start = Buffer.from(tarOf({ zeros: "" }).subarray(0, 512));
  start.write(`${(200_000_000).toString(8).padStart(11, "0")}\0        `, 124);
  start.write("        ", 148);
  const sum = start.reduce((total, byte) => total + byte, 0);
  start.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const header = (type: number, size: number) => {
    const bytes = Buffer.alloc(3);
    bytes.writeUIntLE((size << 3) | (type << 1), 0, 3);
    return bytes;
  };
  const zeros = Buffer.concat([header(1, 128 * 1024), Buffer.alloc(1)]);
  return Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]),
    header(0, 512),
    start,
    ...Array.from({ length: 1600 }, () => zeros),
  ]);
}

interface Container {
  readonly id: string;
  readonly image: string;
  readonly running: boolean;
  readonly layers: readonly Digest[];
}

interface Engine {
  readonly images: Images;
  readonly store: ImageStore;
  readonly content: FileContentStore;
  readonly containers: Container[];
  readonly events: string[];
  pull(name: string, options?: { platform?: string; signal?: AbortSignal }): Promise<JsonMessage[]>;
  /** All that is stored, by kind. */
  stored(): Promise<{ blobs: string[]; layers: string[]; records: string[] }>;
}

interface Disk {
  readonly files: MemoryFiles;
  readonly records: MemoryRecords;
}

const newDisk = (capacity?: number): Disk => ({
  files: new MemoryFiles(capacity === undefined ? {} : { capacity }),
  records: new MemoryRecords(),
});

async function boot({ files, records }: Disk): Promise<Engine> {
  const clock = systemClock();
  const createSha256 = createNodeSha256;
  const containers: Container[] = [];
  const events: string[] = [];
  const users = {
    containersOf: (image: Digest) => containers.filter((container) => container.image === image),
    layersInUse: () => containers.flatMap(({ layers }) => layers),
  };
  const content = new FileContentStore({ files, createSha256 });
  const layers = new LayerImages({ files, createSha256 });
  const limits = { ...defaultLimits, retryDelay: () => 2, idleTimeout: 300 };
  const resolver = new Resolver({ fetch, clock, createSha256, limits }, { mirrors: [], insecureRegistries: [] });
  const store = await ImageStore.open({ records, content, layers, users });
  await store.collectGarbage();
  const puller = new Puller({
    resolver,
    images: store,
    content,
    layers,
    createSha256,
    clock,
    unpackAllowance: 4 * 1024 ** 2,
  });
  const images = new Images({
    store,
    puller,
    resolver,
    users,
    clock,
    createSha256,
    platforms: [parsePlatform("linux/386")],
    graphDriver: { Name: "overlay2", Data: null },
    events: { publish: (type, action, id) => events.push(`${type} ${action} ${id}`) },
  });
  return {
    images,
    store,
    content,
    containers,
    events,
    async pull(name, options = {}) {
      const messages: JsonMessage[] = [];
      await images.pull({
        image: name,
        tag: "",
        onProgress: (message) => messages.push(message),
        ...(options.platform ? { platform: parsePlatform(options.platform) } : {}),
        ...(options.signal ? { signal: options.signal } : {}),
      });
      return messages;
    },
    async stored() {
      return {
        blobs: (await content.list()).map(({ digest }) => digest).sort(),
        layers: [...(await layers.list())].sort(),
        records: (await records.list("")).map(([key]) => key),
      };
    },
  };
}

const base = { "etc/": "", "etc/os": "wherry", "bin/": "", "bin/sh": "x".repeat(1000) };
const one = buildImage({ layers: [base, { one: "1" }], config: { Cmd: ["sh"], Labels: { a: "b" } } });
const two = buildImage({ layers: [base, { two: "22" }], fields: { created: "2026-02-03T04:05:06Z" } });
const short = (digest: string) => digest.slice(7, 19);
const allOf = (...images: TestImage[]) => {
  const blobs = images.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]);
  return [...new Set(blobs.map(({ digest }) => digest))].sort();
};
const nothing = { blobs: [], layers: [], records: [] };

let registry: RegistryDouble;
let disk: Disk;
let engine: Engine;
beforeEach(async () => {
  registry = await startRegistryDouble();
  registry.add("one:latest", one);
  registry.add("two:latest", two);
  disk = newDisk();
  engine = await boot(disk);
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
    const pull = engine.images.pull({ image: named("none"), tag: "", onProgress: (message) => messages.push(message) });
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

  const bad: [string, () => TestImage, string][] = [
    [
      "a layer that is not what its diff-id says",
      () => ({
        ...buildImage({
          layers: [base],
          fields: { rootfs: { type: "layers", diff_ids: [`sha256:${"1".repeat(64)}`] } },
        }),
      }),
      "layers from manifest don't match image configuration",
    ],
    [
      "fewer layers than its config says",
      () => buildImage({ layers: [base], fields: { rootfs: { type: "layers", diff_ids: one.diffIds } } }),
      "layers from manifest don't match image configuration",
    ],
    [
      "a layer that is no archive",
      () => buildImage({ layers: [{ tar: new Uint8Array(5000).fill(7) }] }),
      "failed to register layer",
    ],
    [
      "a layer that climbs out",
      () => buildImage({ layers: [{ "../../etc/passwd": "x" }] }),
      "failed to register layer",
    ],
    [
      "a truncated archive",
      () => buildImage({ layers: [{ tar: tarOf({ file: "x".repeat(9000) }).slice(0, 3000) }] }),
      "failed to register layer",
    ],
  ];
  test.each(bad)("%s is refused, and leaves nothing behind", async (_, image, message) => {
    registry.add("bad:latest", image());
    await expect(engine.pull(named("bad"))).rejects.toMatchObject({ message: expect.stringContaining(message) });
    expect(await engine.stored()).toEqual(nothing);
  });

  test("a decompression bomb is refused, and leaves nothing behind", async () => {
    const image = buildImage({ layers: [{ tar: zstdBomb() }], types: "oci", compression: "none" });
    const bomb = blob("application/vnd.oci.image.layer.v1.tar+zstd", zstdBomb());
    const manifest = JSON.parse(Buffer.from(image.manifest.bytes).toString());
    manifest.layers = [{ mediaType: bomb.mediaType, digest: bomb.digest, size: bomb.bytes.length }];
    registry.add("bomb:latest", {
      ...image,
      layers: [bomb],
      manifest: blob(image.manifest.mediaType, Buffer.from(JSON.stringify(manifest))),
    });
    await expect(engine.pull(named("bomb"))).rejects.toThrow(/failed to register layer: .*(larger|more than|bytes)/);
    expect(await engine.stored()).toEqual(nothing);
  });

  test("a pull that fails in the middle keeps what other images have, and nothing of its own", async () => {
    await engine.pull(named("one"));
    const before = await engine.stored();
    registry.answer = (request, response) =>
      request.url?.includes(two.layers[1]?.digest ?? "") === true && fail(response, 404, "BLOB_UNKNOWN", "x");
    await expect(engine.pull(named("two"))).rejects.toThrow();
    expect(await engine.stored()).toEqual(before);
  });

  test("a pull that its caller gives up leaves nothing behind", async () => {
    const controller = new AbortController();
    registry.answer = (request) => {
      if (!request.url?.includes(one.layers[1]?.digest ?? "")) return false;
      controller.abort(new Error("gone"));
      return true;
    };
    await expect(engine.pull(named("one"), { signal: controller.signal })).rejects.toThrow("gone");
    expect(await engine.stored()).toEqual(nothing);
  });

  test("a full disk is told, and leaves nothing behind", async () => {
    const small = await boot(newDisk(3000));
    await expect(small.pull(named("one"))).rejects.toMatchObject({ message: "no space left on device" });
    expect(await small.stored()).toEqual(nothing);
  });

  test("what a killed engine was pulling is freed at the next start", async () => {
    await engine.pull(named("one"));
    const before = await engine.stored();
    registry.answer = (request) => request.url?.includes(two.layers[1]?.digest ?? "") === true;
    const pull = engine.pull(named("two"));
    pull.catch(() => undefined);
    while (!registry.requests.some((line) => line.includes(two.layers[1]?.digest ?? "")))
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await engine.stored()).blobs.length).toBeGreaterThan(before.blobs.length);
    const next = await boot(disk);
    expect(await next.stored()).toEqual(before);
    await expect(next.images.inspect(named("two"))).rejects.toMatchObject({ name: "NotFound" });
  });

  test("removing an image while another with its layers is being pulled harms neither", async () => {
    await engine.pull(named("one"));
    let removed: Promise<unknown> | undefined;
    registry.answer = (request) => {
      if (request.url?.includes(two.layers[1]?.digest ?? ""))
        removed ??= engine.images.remove(named("one"), { force: false, prune: true });
      return false;
    };
    await engine.pull(named("two"));
    await removed;
    const { blobs, layers } = await engine.stored();
    expect(blobs).toEqual(allOf(two));
    expect(layers).toEqual([...two.diffIds].sort());
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

describe("inspect(), history() and list()", () => {
  test("inspect() has Docker's shape", async () => {
    await engine.pull(named("one"));
    expect(await engine.images.inspect(named("one"))).toEqual({
      Id: one.config.digest,
      RepoTags: [named("one:latest")],
      RepoDigests: [`${named("one")}@${one.manifest.digest}`],
      Parent: "",
      Comment: "",
      Created: "2026-01-02T03:04:05Z",
      DockerVersion: "",
      Author: "",
      Architecture: "386",
      Os: "linux",
      Size: 1007,
      GraphDriver: { Name: "overlay2", Data: null },
      RootFS: { Type: "layers", Layers: one.diffIds },
      Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
      Config: {
        Cmd: ["sh"],
        Entrypoint: null,
        Env: null,
        Labels: { a: "b" },
        OnBuild: null,
        User: "",
        Volumes: null,
        WorkingDir: "",
      },
    });
  });

  test("history() is newest first, and sizes skip empty steps", async () => {
    const steps = buildImage({
      layers: [base, { a: "123" }],
      fields: {
        history: [
          { created: "2026-01-01T00:00:00Z", created_by: "ADD base" },
          { created: "2026-01-01T00:00:01Z", created_by: "ENV x", empty_layer: true, comment: "c" },
          { created: "2026-01-01T00:00:02Z", created_by: "COPY a" },
        ],
      },
    });
    registry.add("steps:latest", steps);
    await engine.pull(named("steps"));
    expect(await engine.images.history(named("steps"))).toEqual([
      {
        Comment: "",
        Created: 1767225602,
        CreatedBy: "COPY a",
        Id: steps.config.digest,
        Size: 3,
        Tags: [named("steps:latest")],
      },
      { Comment: "c", Created: 1767225601, CreatedBy: "ENV x", Id: "<missing>", Size: 0, Tags: null },
      { Comment: "", Created: 1767225600, CreatedBy: "ADD base", Id: "<missing>", Size: 1006, Tags: null },
    ]);
  });

  const list = async (filters: Record<string, string[]> = {}) => {
    const found = await engine.images.list({
      all: false,
      filters: new Map(Object.entries(filters)),
      sharedSize: false,
    });
    return found.map(({ Id }) => (Id === one.config.digest ? "one" : Id === two.config.digest ? "two" : Id));
  };

  test("list() is newest first and takes Docker's filters", async () => {
    await engine.pull(named("one"));
    await engine.pull(named("two"));
    expect(await list()).toEqual(["two", "one"]);
    expect(await list({ label: ["a"] })).toEqual(["one"]);
    expect(await list({ label: ["a=c"] })).toEqual([]);
    expect(await list({ before: [named("two")] })).toEqual(["one"]);
    expect(await list({ since: [one.config.digest] })).toEqual(["two"]);
    expect(await list({ until: ["2026-01-15T00:00:00Z"] })).toEqual(["one"]);
    expect(await list({ reference: [`${registry.host}/o*`] })).toEqual(["one"]);
    expect(await list({ reference: ["*/t?[ov]:latest"] })).toEqual(["two"]);
    expect(await list({ reference: ["one"] })).toEqual([]);
    expect(await list({ dangling: ["true"] })).toEqual([]);
    await engine.images.tag(named("two"), { repo: named("one"), tag: "" });
    expect(await list({ dangling: ["true"] })).toEqual(["one"]);
    await expect(list({ x: ["y"] })).rejects.toMatchObject({ name: "InvalidParameter", message: "invalid filter 'x'" });
    await expect(list({ dangling: ["y"] })).rejects.toThrow("invalid filter 'dangling=[y]'");
    await expect(list({ before: ["nosuch"] })).rejects.toThrow("No such image: nosuch:latest");
    await expect(list({ reference: ["["] })).rejects.toThrow("invalid filter");
  });

  test("list() tells sizes, names and containers", async () => {
    await engine.pull(named("one"));
    await engine.pull(named("two"));
    engine.containers.push({ id: "c".repeat(64), image: one.config.digest, running: false, layers: [] });
    const [, summary] = await engine.images.list({ all: false, filters: new Map(), sharedSize: true });
    expect(summary).toEqual({
      Containers: 1,
      Created: 1767323045,
      Id: one.config.digest,
      Labels: { a: "b" },
      ParentId: "",
      RepoDigests: [`${named("one")}@${one.manifest.digest}`],
      RepoTags: [named("one:latest")],
      SharedSize: 1006,
      Size: 1007,
    });
  });

  test("an image is found by name, ID and prefix of its ID", async () => {
    await engine.pull(named("one"));
    const hex = one.config.digest.slice(7);
    for (const name of [
      named("one"),
      named("one:latest"),
      `${named("one")}@${one.manifest.digest}`,
      hex,
      `sha256:${hex}`,
      hex.slice(0, 12),
      `sha256:${hex.slice(0, 5)}`,
    ]) {
      expect((await engine.images.inspect(name)).Id).toBe(one.config.digest);
    }
  });

  test.each([
    ["nosuch", "No such image: nosuch:latest"],
    ["0123456789ab", "No such image: 0123456789ab:latest"],
    [`sha256:${"0".repeat(64)}`, `No such image: sha256:${"0".repeat(64)}`],
    ["sha256:abc", "No such image: sha256:abc"],
  ])("an unknown %s is NotFound", async (name, message) => {
    await expect(engine.images.inspect(name)).rejects.toMatchObject({ name: "NotFound", message });
  });

  test("a prefix of several IDs is no image", async () => {
    const images = Array.from({ length: 17 }, (_, index) => buildImage({ layers: [{ x: String(index) }] }));
    for (const [index, image] of images.entries()) {
      registry.add(`n${index}:latest`, image);
      await engine.pull(named(`n${index}`));
    }
    const digits = images.map(({ config }) => config.digest.charAt(7));
    const twice = digits.find((digit, index) => digits.indexOf(digit) !== index) ?? "";
    await expect(engine.images.inspect(twice)).rejects.toThrow(`No such image: ${twice}:latest`);
  });

  test("distribution() asks the registry", async () => {
    expect(await engine.images.distribution(named("one"))).toEqual({
      Descriptor: { mediaType: one.manifest.mediaType, digest: one.manifest.digest, size: one.manifest.bytes.length },
      Platforms: [{ architecture: "386", os: "linux" }],
    });
  });
});

describe("tag(), remove() and prune()", () => {
  const rmi = (name: string, force = false) => engine.images.remove(name, { force, prune: true });
  const container = (running: boolean): Container => ({
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
    await rmi(named("one"), true);
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
    const all = await engine.images.prune({ filters: new Map([["dangling", ["false"]]]) });
    expect(all.ImagesDeleted).toContainEqual({ Deleted: two.config.digest });
    expect(await engine.stored()).toEqual(nothing);
  });
});
