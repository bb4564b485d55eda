import type { JsonMessage } from "../../worker/api/types/common.ts";
import { createNodeSha256 } from "../../worker/archive/sha256.node.ts";
import { FileContentStore } from "../../worker/content/content-store.ts";
import { MemoryFiles } from "../../worker/content/memory.ts";
import { defaultLimits } from "../../worker/distribution/http.ts";
import { Resolver } from "../../worker/distribution/resolver.ts";
import { ImageStore } from "../../worker/images/image-store.ts";
import { Images } from "../../worker/images/images.ts";
import { Puller } from "../../worker/images/puller.ts";
import { systemClock } from "../../worker/internal/clock.ts";
import { MemoryRecords } from "../../worker/metadata/memory.ts";
import type { Digest } from "../../worker/oci/digest.ts";
import { parsePlatform } from "../../worker/oci/platform.ts";
import { LayerImages } from "../../worker/snapshots/layer-images.ts";
import { buildImage, type TestImage } from "./registry.node.ts";
import { type RegistryDouble, startRegistryDouble } from "./registry-double.node.ts";

/** A container as far as images are concerned. */
export interface TestContainer {
  readonly id: string;
  readonly image: string;
  readonly running: boolean;
  readonly layers: readonly Digest[];
}

/** The images of an engine, whose registry is whatever the names of images say. */
export interface ImageEngine {
  readonly images: Images;
  readonly store: ImageStore;
  readonly content: FileContentStore;
  readonly containers: TestContainer[];
  readonly events: string[];
  /** As the docker command does: `latest` unless `all` tags are wanted. */
  pull(name: string, options?: { all?: boolean; platform?: string; signal?: AbortSignal }): Promise<JsonMessage[]>;
  /** All that is stored, by kind. */
  stored(): Promise<{ blobs: string[]; layers: string[]; records: string[] }>;
}

/** What outlives an engine. */
export interface Disk {
  readonly files: MemoryFiles;
  readonly records: MemoryRecords;
}

export const newDisk = (capacity?: number): Disk => ({
  files: new MemoryFiles(capacity === undefined ? {} : { capacity }),
  records: new MemoryRecords(),
});

export async function boot({ files, records }: Disk): Promise<ImageEngine> {
  const clock = systemClock();
  const createSha256 = createNodeSha256;
  const containers: TestContainer[] = [];
  const events: string[] = [];
  const users = {
    containersOf: (image: Digest) => containers.filter((container) => container.image === image),
    layersInUse: () => containers.flatMap(({ layers }) => layers),
  };
  const content = new FileContentStore({ files, createSha256 });
  const layers = new LayerImages({ files, createSha256 });
  const limits = { ...defaultLimits, retryDelay: () => 2 };
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
        tag: options.all || /[:@][^/]+$/.test(name) ? "" : "latest",
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

export const base = { "etc/": "", "etc/os": "wherry", "bin/": "", "bin/sh": "x".repeat(1000) };
export const one = buildImage({ layers: [base, { one: "1" }], config: { Cmd: ["sh"], Labels: { a: "b" } } });
export const two = buildImage({ layers: [base, { two: "22" }], fields: { created: "2026-02-03T04:05:06Z" } });
export const short = (digest: string) => digest.slice(7, 19);
export const allOf = (...images: TestImage[]) => {
  const blobs = images.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]);
  return [...new Set(blobs.map(({ digest }) => digest))].sort();
};
export const nothing = { blobs: [], layers: [], records: [] };

/** An engine without images, and a registry that has `one` and `two`. */
export interface ImagesFixture {
  readonly registry: RegistryDouble;
  readonly disk: Disk;
  readonly engine: ImageEngine;
}

export async function openImages(): Promise<ImagesFixture> {
  const registry = await startRegistryDouble();
  registry.add("one:latest", one);
  registry.add("two:latest", two);
  const disk = newDisk();
  return { registry, disk, engine: await boot(disk) };
}
