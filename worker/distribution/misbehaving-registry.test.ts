import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asDescriptor, clock, image, layer, limits, resolverFor, store } from "../../test/support/distribution.node.ts";
import { freePort, type TestBlob } from "../../test/support/registry.node.ts";
import { fail, type RegistryDouble, serve, startRegistryDouble } from "../../test/support/registry-double.node.ts";
import { parseDigest } from "../oci/digest.ts";
import { parseNormalizedNamed } from "../reference/reference.ts";
import { fetchBlob } from "./fetch-blob.ts";
import type { ResolverComponents } from "./resolver.ts";

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

  const fetchLayer = async (extra: { signal?: AbortSignal; retries?: number[]; idleTimeout?: number } = {}) => {
    const patience = { ...limits, idleTimeout: extra.idleTimeout ?? limits.idleTimeout };
    const { repository } = await resolve("app", { limits: patience });
    const { files, content } = store();
    const progress: number[] = [];
    const done = fetchBlob({ content, clock, limits: patience }, repository, asDescriptor(layer), {
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
      "TooManyRequests",
      "toomanyrequests: You have reached your limit.",
    ],
  ])("%s %s %s", async (status, code, message, name, text) => {
    always((response) => fail(response, status, code, message));
    await expect(resolve()).rejects.toMatchObject({ name, message: text });
  });

  test.each([
    [404, "", "System", "unknown: "],
    [404, "<html>", "System", "unknown: <html>"],
    [429, "", "TooManyRequests", "toomanyrequests: "],
    [
      401,
      '{"details":"incorrect username or password"}',
      "Unauthorized",
      "unauthorized: incorrect username or password",
    ],
    [500, "oops", "System", "received unexpected HTTP status: 500 Internal Server Error"],
    [503, "", "System", "received unexpected HTTP status: 503 Service Unavailable"],
    [302, "", "System", "received unexpected HTTP status: 302 Found"],
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
      name: "System",
      message: `Get "http://127.0.0.1:${port}/v2/": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });

  test("it hangs", async () => {
    always(() => true);
    await expect(resolve("app", { limits: { ...limits, answerTimeout: 100 } })).rejects.toMatchObject({
      name: "System",
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

  test("a blob with half of it, then silence, leaves nothing behind", async () => {
    always((response, request) => isBlob(request) && (response.write(layer.bytes.subarray(0, 1000)) || true));
    const { done, files } = await fetchLayer({ idleTimeout: 50 });
    await expect(done).rejects.toThrow("stopped sending");
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

    test("an identity token is sent in a form, to the realm alone", async () => {
      guard("t5", `http://${other.host}/token`);
      const forms: string[] = [];
      other.answer = (request, response) => {
        request.on("data", (chunk) => forms.push(String(chunk)));
        request.on("end", () => response.end(JSON.stringify({ access_token: "t5", refresh_token: "new" })));
        return true;
      };
      const reference = parseNormalizedNamed(`${registry.host}/app`);
      await resolverFor().resolve(reference, { auth: { identitytoken: "kept", auth: btoa("u:") } });
      expect([other.requests, other.headers[0]?.authorization]).toEqual([["POST /token"], undefined]);
      expect(Object.fromEntries(new URLSearchParams(forms.join("")))).toEqual({
        client_id: "docker",
        grant_type: "refresh_token",
        refresh_token: "kept",
        scope: "repository:app:pull",
        service: "reg",
      });
      other.answer = (_, response) =>
        Boolean(response.writeHead(307, { location: `http://${registry.host}/elsewhere` }).end());
      await expect(resolverFor().resolve(reference, { auth: { identitytoken: "kept" } })).rejects.toThrow();
      expect(registry.requests).not.toContain("POST /elsewhere");
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
        'Head "http://REGISTRY/v2/app/manifests/latest": unauthorized: incorrect username or password',
      ],
      ["is no JSON", (response) => response.end("<html>"), "did not answer with JSON"],
      ["has no token", (response) => response.end("{}"), "unauthorized"],
      ["has a token that is none", (response) => response.end('{"token":"a\\r\\nb"}'), "unauthorized"],
    ])("a token server that %s", async (_, answer, message) => {
      guard("t4", `http://${other.host}/token`);
      other.answer = (__, response) => Boolean(answer(response)) || true;
      await expect(resolve()).rejects.toThrow(message.replace("REGISTRY", registry.host));
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
