import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asDescriptor, clock, image, layer, limits, resolverFor, store } from "../../test/support/distribution.node.ts";
import { buildIndex, descriptor } from "../../test/support/registry.node.ts";
import { fail, type RegistryDouble, startRegistryDouble } from "../../test/support/registry-double.node.ts";
import { createNodeSha256 } from "../archive/sha256.node.ts";
import { system } from "../errdefs/errors.ts";
import { parseNormalizedNamed } from "../reference/reference.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { LayoutRegistry } from "./layout.ts";
import { folderLayout } from "./layout-folder.node.ts";
import type { ResolverComponents } from "./resolver.ts";

describe("where an image is looked for", () => {
  let mirror: RegistryDouble;
  let folder: string;
  const dead: typeof fetch = () =>
    Promise.reject(
      Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error(), { code: "ENOTFOUND" }) }),
    );
  const onlyMirror: ResolverComponents["fetch"] = (url, init) =>
    url.includes(mirror.host) ? fetch(url, init) : dead(url);

  beforeEach(async () => {
    mirror = await startRegistryDouble();
    folder = await mkdtemp(join(tmpdir(), "wherry-layout-"));
    await mkdir(join(folder, "blobs/sha256"), { recursive: true });
    const index = buildIndex([["linux/386", image]]);
    for (const blob of [index, image.manifest, image.config, ...image.layers]) {
      await writeFile(join(folder, "blobs/sha256", blob.digest.slice(7)), blob.bytes);
    }
    const entry = {
      ...descriptor(index),
      annotations: { "org.opencontainers.image.ref.name": "docker.io/library/busybox:latest" },
    };
    await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  });
  afterEach(async () => {
    await mirror.stop();
    await rm(folder, { recursive: true });
  });
  const bundled = () =>
    new LayoutRegistry({ name: "bundled", files: folderLayout(folder), createSha256: createNodeSha256 });
  const busybox = parseNormalizedNamed("busybox");

  test("the bundle serves docker.io/library by tag and digest, with no network", async () => {
    const resolver = resolverFor({ bundled: bundled(), fetch: dead });
    const { repository, digest } = await resolver.resolve(busybox);
    expect(repository.name).toBe("bundled");
    const again = await resolver.resolve(parseNormalizedNamed(`busybox@${digest}`));
    expect(again.digest).toBe(digest);
    const { content } = store();
    await fetchBlob({ content, clock, limits }, repository, asDescriptor(layer), { kind: "filesystem layer" });
    expect(await bundled().references()).toEqual(["docker.io/library/busybox:latest"]);
  });

  test.each(["busybox:other", "nosuch", "me/busybox", "ghcr.io/library/busybox"])(
    "%s is asked of its registry",
    async (name) => {
      const host = name.startsWith("ghcr.io") ? "ghcr.io" : "registry-1.docker.io";
      await expect(
        resolverFor({ bundled: bundled(), fetch: dead }).resolve(parseNormalizedNamed(name)),
      ).rejects.toMatchObject({
        name: "System",
        message: `Get "https://${host}/v2/": dial tcp: lookup ${host}: no such host`,
      });
    },
  );

  test("a mirror comes before the bundle, and never sees credentials", async () => {
    mirror.add("library/busybox:latest", image);
    mirror.answer = (request, response) => {
      if (request.headers.authorization) return fail(response, 400, "UNKNOWN", "credentials");
      return false;
    };
    const resolver = resolverFor({ bundled: bundled(), fetch: onlyMirror }, [`http://${mirror.host}`]);
    const { repository } = await resolver.resolve(busybox, { auth: { username: "u", password: "p" } });
    expect(repository.name).toBe(mirror.host);
  });

  test("a mirror may be at a path", async () => {
    const resolver = resolverFor({ fetch: onlyMirror }, [`http://${mirror.host}/docker/hub`]);
    mirror.answer = (request, response) => {
      const found = request.url === "/docker/hub/v2/library/busybox/manifests/latest";
      if (found) response.setHeader("docker-content-digest", image.manifest.digest);
      return found && Boolean(response.end());
    };
    expect((await resolver.resolve(busybox)).digest).toBe(image.manifest.digest);
  });

  test("a mirror that fails is passed over", async () => {
    mirror.answer = (_, response) => Boolean(response.writeHead(500).end());
    const resolver = resolverFor({ bundled: bundled(), fetch: onlyMirror }, [`http://${mirror.host}`]);
    expect((await resolver.resolve(busybox)).repository.name).toBe("bundled");
  });

  test("so is one that has the manifest but not the rest", async () => {
    mirror.add("library/busybox:latest", image);
    mirror.answer = (request, response) =>
      request.url?.includes("/blobs/") === true && fail(response, 404, "BLOB_UNKNOWN", "gone");
    const resolver = resolverFor({ bundled: bundled(), fetch: onlyMirror }, [`http://${mirror.host}`]);
    const { content } = store();
    const asked: string[] = [];
    await resolver.withRepository(busybox, {}, async (repository) => {
      asked.push(repository.name);
      await fetchBlob({ content, clock, limits }, repository, asDescriptor(layer), { kind: "filesystem layer" });
    });
    expect(asked).toEqual([mirror.host, "bundled"]);
  });

  test("but what fails here is no fault of the mirror", async () => {
    mirror.add("library/busybox:latest", image);
    const resolver = resolverFor({ bundled: bundled(), fetch: onlyMirror }, [`http://${mirror.host}`]);
    const full = resolver.withRepository(busybox, {}, () => Promise.reject(system("no space left on device")));
    await expect(full).rejects.toThrow("no space left on device");
  });

  test("tags are those of the first place that has any", async () => {
    const resolver = resolverFor({ bundled: bundled(), fetch: onlyMirror }, [`http://${mirror.host}`]);
    const tags = () => resolver.withRepository(busybox, {}, (repository) => repository.tags());
    mirror.answer = (_, response) => fail(response, 404, "NAME_UNKNOWN", "no such repository");
    expect(await tags()).toEqual(["latest"]);
    const pages = [
      ["a", "b"],
      ["c", "d"],
    ];
    mirror.answer = (request, response) => {
      const page = request.url?.endsWith("?last=b&n=2") ? 1 : 0;
      if (page === 0) response.setHeader("link", '</v2/library/busybox/tags/list?last=b&n=2>; rel="next"');
      return Boolean(response.end(JSON.stringify({ name: "library/busybox", tags: pages[page] })));
    };
    expect(await tags()).toEqual(["a", "b", "c", "d"]);
  });

  test("a mirror is not asked for other registries", async () => {
    const resolver = resolverFor({ fetch: onlyMirror }, [`http://${mirror.host}`]);
    await expect(resolver.resolve(parseNormalizedNamed("ghcr.io/a/b"))).rejects.toThrow("ghcr.io");
    expect(mirror.requests).toEqual([]);
  });

  test("a bundle that is damaged is passed over", async () => {
    await writeFile(join(folder, "index.json"), "{");
    await expect(resolverFor({ bundled: bundled(), fetch: dead }).resolve(busybox)).rejects.toThrow("no such host");
  });

  test("a manifest in the bundle that is not what its digest says is refused", async () => {
    const resolver = resolverFor({ bundled: bundled(), fetch: dead });
    const { repository, digest } = await resolver.resolve(busybox);
    await writeFile(join(folder, "blobs/sha256", digest.slice(7)), "{}");
    await expect(repository.manifest(digest)).rejects.toThrow("manifest verification failed");
  });
});
