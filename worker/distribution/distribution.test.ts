import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  buildImage,
  buildIndex,
  descriptor,
  freePort,
  hasRealRegistry,
  pushImage,
  type RealRegistry,
  startRegistry,
  type TestBlob,
} from "../../test/support/registry.node.ts";
import { fail, type RegistryDouble, serve, startRegistryDouble } from "../../test/support/registry-double.node.ts";
import { createNodeSha256 } from "../archive/sha256.node.ts";
import { FileContentStore } from "../content/content-store.ts";
import { MemoryFiles } from "../content/memory.ts";
import { systemClock } from "../internal/clock.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parseDigest } from "../oci/digest.ts";
import { parseNormalizedNamed } from "../reference/reference.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { defaultLimits, type Limits } from "./http.ts";
import { LayoutRegistry } from "./layout.ts";
import { folderLayout } from "./layout-folder.node.ts";
import { Resolver, type ResolverComponents } from "./resolver.ts";

const limits: Limits = { ...defaultLimits, answerTimeout: 1000, idleTimeout: 300, retryDelay: () => 5 };
const clock = systemClock();
// Random bytes don't compress: the layer is long enough to be broken off half-way.
const noise = createHash("shake256", { outputLength: 600_000 }).update("noise").digest();
const image = buildImage({ layers: [{ "etc/": "", "etc/hello": "hi", noise }, { other: "x" }] });
const [layer] = image.layers as [TestBlob];

function resolverFor(components: Partial<ResolverComponents> = {}, mirrors: string[] = []) {
  return new Resolver(
    { fetch, clock, createSha256: createNodeSha256, limits, ...components },
    { mirrors, insecureRegistries: [] },
  );
}

function store() {
  const files = new MemoryFiles();
  return { files, content: new FileContentStore({ files, createSha256: createNodeSha256 }) };
}

const asDescriptor = (blob: TestBlob): Descriptor => ({ ...descriptor(blob), digest: parseDigest(blob.digest) });

describe.skipIf(!(await hasRealRegistry()))("with the real registry server", () => {
  let registry: RealRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
    await pushImage(registry.host, "app:1", image);
  });
  afterAll(() => registry.stop());

  test("resolves a tag and fetches manifest and blobs, verified", async () => {
    const resolved = await resolverFor().resolve(parseNormalizedNamed(`${registry.host}/app:1`));
    expect(resolved.digest).toBe(image.manifest.digest);
    const manifest = await resolved.repository.manifest(resolved.digest);
    expect(Buffer.from(manifest.bytes)).toEqual(Buffer.from(image.manifest.bytes));
    const { content } = store();
    await fetchBlob({ content, clock, limits }, resolved.repository, asDescriptor(layer), { kind: "filesystem layer" });
    expect(Buffer.from(await content.read(parseDigest(layer.digest)))).toEqual(Buffer.from(layer.bytes));
  });

  test("resolves by digest", async () => {
    const reference = parseNormalizedNamed(`${registry.host}/app@${image.manifest.digest}`);
    expect((await resolverFor().resolve(reference)).digest).toBe(image.manifest.digest);
  });

  test.each(["app:2", "nosuch"])("an unknown %s is not found, in Docker's words", async (name) => {
    const full = name.includes(":") ? name : `${name}:latest`;
    await expect(resolverFor().resolve(parseNormalizedNamed(`${registry.host}/${name}`))).rejects.toMatchObject({
      name: "NotFound",
      message: `manifest for ${registry.host}/${full} not found: manifest unknown: manifest unknown`,
    });
  });
});

describe.skipIf(!(await hasRealRegistry()))("with the real registry server asking for a password", () => {
  // wherry / secret
  const htpasswd = "wherry:$2y$04$1QQeSNv4ru7EzX55gzlIrec8eAMxqFs9TX0MY9CRGI52mlo4tFXH2\n";
  let registry: RealRegistry;
  beforeAll(async () => {
    registry = await startRegistry({ htpasswd });
  });
  afterAll(() => registry.stop());

  test("without credentials the answer is Docker's", async () => {
    await expect(resolverFor().resolve(parseNormalizedNamed(`${registry.host}/app`))).rejects.toMatchObject({
      name: "System",
      message: `Head "http://${registry.host}/v2/app/manifests/latest": no basic auth credentials`,
    });
  });

  test("with credentials the image is found", async () => {
    const authorization = `Basic ${Buffer.from("wherry:secret").toString("base64")}`;
    await pushImage(registry.host, "app:1", image, authorization);
    const auth = { username: "wherry", password: "secret" };
    const resolved = await resolverFor().resolve(parseNormalizedNamed(`${registry.host}/app:1`), { auth });
    expect(resolved.digest).toBe(image.manifest.digest);
  });

  test("login() tells good credentials from bad ones", async () => {
    const serveraddress = registry.host;
    await resolverFor().login({ username: "wherry", password: "secret", serveraddress });
    await expect(resolverFor().login({ username: "wherry", password: "x", serveraddress })).rejects.toMatchObject({
      name: "Unauthorized",
      message: `login attempt to http://${registry.host}/v2/ failed with status: 401 Unauthorized`,
    });
  });

  test("with wrong credentials too", async () => {
    const auth = { username: "wherry", password: "wrong" };
    await expect(resolverFor().resolve(parseNormalizedNamed(`${registry.host}/app`), { auth })).rejects.toMatchObject({
      name: "Unauthorized",
    });
  });
});

describe("with a registry that misbehaves", () => {
  let registry: RegistryDouble;
  let other: RegistryDouble;
  beforeEach(async () => {
    [registry, other] = await Promise.all([startRegistryDouble(), startRegistryDouble()]);
    registry.add("app:latest", image);
  });
  afterEach(() => Promise.all([registry.stop(), other.stop()]));

  const resolve = (name = "app", components: Partial<ResolverComponents> = {}) =>
    resolverFor(components).resolve(parseNormalizedNamed(`${registry.host}/${name}`));

  const fetchLayer = async (extra: { signal?: AbortSignal; retries?: number[] } = {}) => {
    const { repository } = await resolve();
    const { files, content } = store();
    const progress: number[] = [];
    const done = fetchBlob({ content, clock, limits }, repository, asDescriptor(layer), {
      kind: "filesystem layer",
      onProgress: (current) => progress.push(current),
      onRetry: (milliseconds) => extra.retries?.push(milliseconds),
      signal: extra.signal,
    });
    return { done, files, content, progress };
  };

  const isBlob = (request: IncomingMessage) => request.url?.includes("/blobs/") === true;
  const always = (answer: (response: ServerResponse, request: IncomingMessage) => boolean) => {
    registry.answer = (request, response) => answer(response, request);
  };

  test.each([
    [401, "UNAUTHORIZED", "authentication required", "Unauthorized", "unauthorized"],
    [403, "DENIED", "requested access to the resource is denied", "Forbidden", "denied"],
    [404, "MANIFEST_UNKNOWN", "manifest unknown", "NotFound", "manifest unknown"],
    [404, "NAME_UNKNOWN", "repository name not known to registry", "NotFound", "name unknown"],
    [404, "BAZ", "what", "System", "unknown: what"],
    [
      429,
      "TOOMANYREQUESTS",
      "You have reached your limit.",
      "Unavailable",
      "toomanyrequests: You have reached your limit.",
    ],
  ])("%s %s %s", async (status, code, message, name, text) => {
    always((response) => fail(response, status, code, message));
    await expect(resolve()).rejects.toMatchObject({ name, message: text });
  });

  test.each([
    [404, "", "System", "unknown: "],
    [404, "<html>", "System", "unknown: <html>"],
    [429, "", "Unavailable", "toomanyrequests: "],
    [
      401,
      '{"details":"incorrect username or password"}',
      "Unauthorized",
      "unauthorized: incorrect username or password",
    ],
    [500, "oops", "System", "received unexpected HTTP status: 500 Internal Server Error"],
    [503, "", "System", "received unexpected HTTP status: 503 Service Unavailable"],
    [200, "{nope", "InvalidParameter", "not valid JSON"],
  ])("%s with the body %j", async (status, body, name, text) => {
    always((response) => {
      response.writeHead(status).end(body);
      return true;
    });
    if (status !== 200) await expect(resolve()).rejects.toMatchObject({ name, message: text });
    else expect((await resolve()).bytes).toEqual(new TextEncoder().encode(body));
  });

  test("tries a 500 again, and takes the answer that comes then", async () => {
    let failures = 2;
    always((response, request) => {
      if (request.method !== "GET" || failures === 0)
        return request.method === "HEAD" && response.writeHead(500).end() && true;
      failures -= 1;
      response.writeHead(502).end();
      return true;
    });
    expect((await resolve()).digest).toBe(image.manifest.digest);
    expect(failures).toBe(0);
  });

  test("nothing listens", async () => {
    const port = await freePort();
    await expect(resolverFor().resolve(parseNormalizedNamed(`127.0.0.1:${port}/x`))).rejects.toMatchObject({
      name: "Unavailable",
      message: `Get "http://127.0.0.1:${port}/v2/": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });

  test("it hangs", async () => {
    always(() => true);
    await expect(resolve("app", { limits: { ...limits, answerTimeout: 100 } })).rejects.toMatchObject({
      name: "Unavailable",
      message: expect.stringContaining("Client.Timeout exceeded while awaiting headers"),
    });
  });

  test("the caller gives up while it hangs", async () => {
    const controller = new AbortController();
    always(() => {
      controller.abort(new Error("gone"));
      return true;
    });
    const reference = parseNormalizedNamed(`${registry.host}/app`);
    await expect(resolverFor().resolve(reference, { signal: controller.signal })).rejects.toThrow("gone");
  });

  test("the manifest is not what its digest says", async () => {
    always((response, request) => tampered(request, response, image.manifest));
    const { repository, digest } = await resolve();
    await expect(repository.manifest(digest)).rejects.toThrow("manifest verification failed for digest");
  });

  test("the manifest is endless", async () => {
    always((response, request) => request.method === "GET" && endless(response));
    const { repository, digest } = await resolve();
    await expect(repository.manifest(digest)).rejects.toThrow("larger than");
  });

  test("a blob breaks off, and is resumed with a range", async () => {
    let broken = 3;
    always((response, request) => {
      if (!isBlob(request) || broken === 0) return false;
      broken -= 1;
      const start = Number(/=(\d+)-/.exec(request.headers.range ?? "=0-")?.[1]);
      response.writeHead(start ? 206 : 200, {
        "content-length": layer.bytes.length - start,
        ...(start ? { "content-range": `bytes ${start}-${layer.bytes.length - 1}/${layer.bytes.length}` } : {}),
      });
      response.write(layer.bytes.subarray(start, start + 100_000), () => setTimeout(() => response.destroy(), 20));
      return true;
    });
    const retries: number[] = [];
    const { done, content, progress } = await fetchLayer({ retries });
    await done;
    expect(retries).toHaveLength(3);
    expect(progress.at(-1)).toBe(layer.bytes.length);
    expect((await content.info(parseDigest(layer.digest)))?.size).toBe(layer.bytes.length);
    const ranges = registry.headers.map(({ range }) => range).filter((range) => range);
    expect(ranges.length).toBeGreaterThan(0);
  });

  test("a blob breaks off at a registry without ranges: what is there is skipped", async () => {
    let broken = 1;
    always((response, request) => {
      if (!isBlob(request)) return false;
      response.writeHead(200, { "content-length": layer.bytes.length });
      if (broken-- > 0)
        response.write(layer.bytes.subarray(0, 200_000), () => setTimeout(() => response.destroy(), 20));
      else response.end(layer.bytes);
      return true;
    });
    const { done, content } = await fetchLayer();
    await done;
    expect(await content.info(parseDigest(layer.digest))).toBeDefined();
  });

  const broken: [string, (response: ServerResponse, request: IncomingMessage) => boolean, string][] = [
    [
      "a wrong byte",
      (response, request) => tampered(request, response, layer),
      "filesystem layer verification failed for digest",
    ],
    [
      "too few bytes by its own length",
      (response, request) => serve(request, response, { ...layer, bytes: layer.bytes.subarray(1) }),
      "expected",
    ],
    ["more bytes than announced", endless, "more than"],
    ["a 404", (response) => fail(response, 404, "BLOB_UNKNOWN", "blob unknown to registry"), "blob unknown"],
    ["a 500 every time", (response) => Boolean(response.writeHead(500).end()), "received unexpected HTTP status: 500"],
    [
      "half of it, then silence",
      (response) => response.write(layer.bytes.subarray(0, 1000)) || true,
      "stopped sending",
    ],
    [
      "half of it, then an end, every time",
      (response) => response.write("x") && Boolean(response.end("y")),
      "unexpected EOF",
    ],
  ];
  test.each(broken)("a blob with %s leaves nothing behind", async (_, answer, message) => {
    always((response, request) => isBlob(request) && answer(response, request));
    const { done, files } = await fetchLayer();
    await expect(done).rejects.toThrow(message);
    expect(await files.list("")).toEqual([]);
  });

  test("the caller gives up in the middle of a blob", async () => {
    const controller = new AbortController();
    always((response, request) => {
      if (!isBlob(request)) return false;
      response.write(layer.bytes.subarray(0, 1000), () => setTimeout(() => controller.abort(new Error("gone")), 20));
      return true;
    });
    const { done, files } = await fetchLayer({ signal: controller.signal });
    await expect(done).rejects.toThrow("gone");
    expect(await files.list("")).toEqual([]);
  });

  describe("tokens", () => {
    const bearer = (realm: string, extra = "") =>
      `Bearer realm="${realm}",service="reg",scope="repository:app:pull"${extra}`;
    const guard = (token: string, realm: string) =>
      always((response, request) => {
        if (request.headers.authorization === `Bearer ${token}`) return false;
        return fail(response, 401, "UNAUTHORIZED", "authentication required", { "www-authenticate": bearer(realm) });
      });

    test("fetches one from the realm with the user's credentials, and uses it for all that follows", async () => {
      guard("t1", `http://${other.host}/token`);
      other.answer = (_, response) => Boolean(response.end(JSON.stringify({ token: "t1" })));
      const reference = parseNormalizedNamed(`${registry.host}/app`);
      const { repository, digest } = await resolverFor().resolve(reference, {
        auth: { username: "u", password: "pä" },
      });
      await repository.manifest(digest);
      expect(other.requests).toEqual(["GET /token?service=reg&scope=repository%3Aapp%3Apull&account=u"]);
      expect(other.headers[0]?.authorization).toBe(`Basic ${Buffer.from("u:pä").toString("base64")}`);
      expect(registry.headers.map(({ authorization }) => authorization)).toEqual([undefined, "Bearer t1", "Bearer t1"]);
    });

    test("asks anonymously when there are no credentials", async () => {
      guard("t2", `http://${other.host}/token`);
      other.answer = (_, response) => Boolean(response.end(JSON.stringify({ access_token: "t2" })));
      await resolve();
      expect(other.headers[0]?.authorization).toBeUndefined();
    });

    test("a token that is refused ends it: pull access denied", async () => {
      always((response) =>
        fail(response, 401, "UNAUTHORIZED", "authentication required", {
          "www-authenticate": bearer(`http://${other.host}/token`, ',error="insufficient_scope"'),
        }),
      );
      other.answer = (_, response) => Boolean(response.end(JSON.stringify({ token: "t3" })));
      await expect(resolve()).rejects.toMatchObject({
        name: "NotFound",
        message: `pull access denied for ${registry.host}/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
      });
    });

    test.each<[string, (response: ServerResponse) => unknown, string]>([
      [
        "refuses",
        (response) => response.writeHead(401).end('{"details":"incorrect username or password"}'),
        "incorrect username or password",
      ],
      ["is no JSON", (response) => response.end("<html>"), "did not answer with JSON"],
      ["has no token", (response) => response.end("{}"), "unauthorized"],
      ["has a token that is none", (response) => response.end('{"token":"a\\r\\nb"}'), "unauthorized"],
    ])("a token server that %s", async (_, answer, message) => {
      guard("t4", `http://${other.host}/token`);
      other.answer = (__, response) => Boolean(answer(response)) || true;
      await expect(resolve()).rejects.toThrow(message);
    });

    test("basic credentials go only where a challenge asks for them", async () => {
      always((response, request) => {
        if (request.headers.authorization === `Basic ${Buffer.from("u:p").toString("base64")}`) return false;
        return fail(response, 401, "UNAUTHORIZED", "authentication required", {
          "www-authenticate": 'Basic realm="x"',
        });
      });
      const reference = parseNormalizedNamed(`${registry.host}/app`);
      await resolverFor().resolve(reference, { auth: { username: "u", password: "p" } });
      expect(registry.headers[0]?.authorization).toBeUndefined();
      await expect(resolverFor().resolve(reference)).rejects.toThrow("no basic auth credentials");
    });
  });

  describe("redirects", () => {
    test("a blob's redirect to another host is followed without credentials", async () => {
      always((response, request) => {
        if (request.headers.authorization !== "Bearer reg") return fail(response, 401, "UNAUTHORIZED", "x");
        if (!isBlob(request)) return false;
        response.writeHead(307, { location: `http://${other.host}/storage` }).end();
        return true;
      });
      other.answer = (request, response) => serve(request, response, layer);
      const reference = parseNormalizedNamed(`${registry.host}/app`);
      const { repository } = await resolverFor().resolve(reference, { auth: { registrytoken: "reg" } });
      const { content } = store();
      await fetchBlob({ content, clock, limits }, repository, asDescriptor(layer), { kind: "filesystem layer" });
      expect(other.requests).toEqual(["GET /storage"]);
      expect(other.headers[0]?.authorization).toBeUndefined();
    });

    test.each([
      ["in a circle", (host: string) => `http://${host}/v2/app/manifests/latest`, "stopped after 5 redirects"],
      ["to a file", () => "file:///etc/passwd", "refused"],
      ["nowhere", () => "http://[", "invalid address"],
    ])("%s are refused", async (_, location, message) => {
      always((response) => Boolean(response.writeHead(302, { location: location(registry.host) }).end()));
      await expect(resolve()).rejects.toThrow(message);
    });
  });
});

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
        name: "Unavailable",
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

  test("a mirror that fails is passed over", async () => {
    mirror.answer = (_, response) => Boolean(response.writeHead(500).end());
    const resolver = resolverFor({ bundled: bundled(), fetch: onlyMirror }, [`http://${mirror.host}`]);
    expect((await resolver.resolve(busybox)).repository.name).toBe("bundled");
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

/** The announced length, with one byte changed. */
function tampered(request: IncomingMessage, response: ServerResponse, blob: TestBlob): boolean {
  if (request.method === "HEAD") return false;
  const bytes = Uint8Array.from(blob.bytes);
  bytes[5] = (bytes[5] ?? 0) ^ 1;
  return serve(request, response, { ...blob, bytes });
}

/** A body that never ends, without a length. */
function endless(response: ServerResponse): true {
  response.writeHead(200);
  const more = () => {
    while (!response.destroyed && response.write(Buffer.alloc(256 * 1024)));
    if (!response.destroyed) response.once("drain", more);
  };
  more();
  return true;
}
