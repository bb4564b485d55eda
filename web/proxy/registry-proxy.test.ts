import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fail, type RegistryDouble, startRegistryDouble } from "../../test/support/registry-double.node.ts";
import { buildImage, type TestBlob } from "../../test/support/registry-image.node.ts";
import { selfSigned } from "../../test/support/tls.node.ts";
import { createNodeSha256 } from "../../worker/archive/sha256.node.ts";
import { browserFetch } from "../../worker/distribution/proxied-fetch.ts";
import { Resolver } from "../../worker/distribution/resolver.ts";
import { systemClock } from "../../worker/internal/clock.ts";
import { proxyHeaders } from "../../worker/internal/proxy-headers.ts";
import { parseNormalizedNamed } from "../../worker/reference/reference.ts";
import { type RegistryProxy, type RegistryProxyOptions, registryProxy } from "./registry-proxy.node.ts";

const image = buildImage({ layers: [{ a: "b" }] });
const [layer] = image.layers as [TestBlob];

let registry: RegistryDouble;
let other: RegistryDouble;
let server: Server;
let proxy: RegistryProxy;
let origin: string;

async function start(options: Partial<RegistryProxyOptions> = {}): Promise<void> {
  proxy = registryProxy({ prefix: "/registry", origins: () => [origin], allowRegistries: [registry.host], ...options });
  server = createServer((request, response) => {
    if (!proxy.handle(request, response)) response.writeHead(404).end("not the proxy");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeEach(async () => {
  [registry, other] = await Promise.all([startRegistryDouble(), startRegistryDouble()]);
  registry.add("app:latest", image);
});
afterEach(async () => {
  proxy.close();
  server.closeAllConnections();
  await Promise.all([registry.stop(), other.stop(), new Promise((resolve) => server.close(resolve))]);
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** With node:http, since `fetch` would not let us set Host and Origin. */
function ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      `${origin}/`,
      { method, path, headers: { [proxyHeaders.request]: "1", ...headers } },
      (incoming) => {
        let body = "";
        incoming.on("data", (piece: Buffer) => {
          body += piece.toString("latin1");
        });
        incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }));
        incoming.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}

const to = (host: string, path = "/v2/app/manifests/latest") => `/registry/http/${host}${path}`;
const redirectTo = (location: string) => (_: unknown, response: ServerResponse) =>
  Boolean(response.writeHead(307, { location }).end());

describe("what it serves", () => {
  test("a manifest, with the headers that matter and none that could harm", async () => {
    await start();
    registry.answer = (_, response) => {
      response.setHeader("set-cookie", "a=b");
      response.setHeader("access-control-allow-origin", "*");
      return false;
    };
    const answer = await ask(to(registry.host), {
      accept: "x/y",
      cookie: "secret",
      range: "bytes=0-",
      authorization: "Bearer t",
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toBe(Buffer.from(image.manifest.bytes).toString());
    expect(answer.headers).toMatchObject({
      "content-type": image.manifest.mediaType,
      "docker-content-digest": image.manifest.digest,
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
    });
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    expect(registry.headers[0]).toMatchObject({ accept: "x/y", authorization: "Bearer t", host: registry.host });
    expect(registry.headers[0]?.cookie).toBeUndefined();
    expect(registry.headers[0]?.origin).toBeUndefined();
  });

  test("a whole pull's worth of requests, through the client's side of it", async () => {
    await start();
    const fetchInPage = browserFetch({ fetch, proxy: `${origin}/registry` });
    const resolver = new Resolver(
      { fetch: fetchInPage, clock: systemClock(), createSha256: createNodeSha256 },
      { mirrors: [], insecureRegistries: [] },
    );
    registry.answer = (request, response) => {
      if (request.headers.authorization === "Bearer t") return false;
      return (
        fail(response, 401, "UNAUTHORIZED", "x", {
          "www-authenticate": `Bearer realm="http://${registry.host}/token",service="s"`,
        }) && true
      );
    };
    const answer = registry.answer;
    registry.answer = (request, response) =>
      request.url?.startsWith("/token?") ? Boolean(response.end('{"token":"t"}')) : answer(request, response);
    const { repository, digest } = await resolver.resolve(parseNormalizedNamed(`${registry.host}/app`));
    expect(digest).toBe(image.manifest.digest);
    const { pieces } = await repository.blob(
      { ...layer, digest: layer.digest as `sha256:${string}`, size: layer.bytes.length },
      10,
    );
    const parts: Uint8Array[] = [];
    for await (const piece of pieces) parts.push(piece);
    expect(Buffer.concat(parts)).toEqual(Buffer.from(layer.bytes.subarray(10)));
  });

  test("what is not under its prefix is left to others", async () => {
    await start();
    expect((await ask("/registryx/http/a/v2/")).body).toBe("not the proxy");
  });
});

describe("whom it serves", () => {
  test.each<[string, Record<string, string>]>([
    ["another origin", { origin: "https://evil.example" }],
    ["an opaque origin", { origin: "null" }],
    ["another host name", { host: "evil.example" }],
    ["another port of its host", { host: "127.0.0.1:1" }],
    ["another site's image tag", { "sec-fetch-site": "cross-site" }],
    ["another site of this host", { "sec-fetch-site": "same-site" }],
    ["a navigation", { "sec-fetch-site": "none" }],
  ])("not %s", async (_, headers) => {
    await start();
    const answer = await ask(to(registry.host), headers);
    expect(answer).toMatchObject({ status: 403, body: "the registry proxy serves its own page alone" });
    expect(registry.requests).toEqual([]);
  });

  test("nobody without the header that a foreign page can't send", async () => {
    await start();
    const response = await fetch(`${origin}${to(registry.host)}`);
    expect(response.status).toBe(403);
  });

  test("its own page", async () => {
    await start();
    expect((await ask(to(registry.host), { origin, "sec-fetch-site": "same-origin" })).status).toBe(200);
  });
});

describe("where it goes", () => {
  test.each([
    ["a registry that is not on the list", () => to(other.host)],
    ["the machine's other services", () => "/registry/http/127.0.0.1:22/v2/"],
    ["a registry by another scheme", () => "/registry/http/ghcr.io/v2/"],
    ["another path of a registry", () => to(registry.host, "/admin")],
    ["another path by dots", () => to(registry.host, "/v2/../admin")],
    ["another path by escaped dots", () => to(registry.host, "/v2/%2e%2e/admin")],
    ["a token server that nobody named", () => to(registry.host, "/token")],
    ["a cloud's metadata", () => "/registry/http/169.254.169.254/v2/"],
    ["a user part", () => `/registry/http/u:p@${registry.host}/v2/`],
    ["no host", () => "/registry/http//v2/"],
    ["another protocol", () => "/registry/file/etc/v2/"],
    ["nothing", () => "/registry"],
  ])("not to %s", async (_, path) => {
    await start();
    expect([400, 403]).toContain((await ask(path())).status);
    expect([...registry.requests, ...other.requests]).toEqual([]);
  });

  test.each(["..%2fadmin", "..%5cadmin", "app/%2e%2e%2fadmin", "app%00"])("not the path /v2/%s", async (path) => {
    await start();
    expect((await ask(to(registry.host, `/v2/${path}`))).status).toBe(403);
    expect(registry.requests).toEqual([]);
  });

  test("a certificate that nobody vouches for is told, and that HTTP is no way around it", async () => {
    const secure = createSecureServer(selfSigned, (_, response) => response.end("{}"));
    await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
    const host = `127.0.0.1:${(secure.address() as AddressInfo).port}`;
    await start({ allowRegistries: [host] });
    const asked: string[] = [];
    const fetch = browserFetch({
      proxy: `${origin}/registry`,
      fetch: (url, init) => {
        asked.push(url);
        return globalThis.fetch(url, init);
      },
    });
    const components = { fetch, clock: systemClock(), createSha256: createNodeSha256, limits: { attempts: 1 } };
    const resolver = new Resolver(components, { mirrors: [], insecureRegistries: [] });
    await expect(resolver.resolve(parseNormalizedNamed(`${host}/app`))).rejects.toThrow(
      `Get "https://${host}/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    );
    expect(asked).toEqual([`${origin}/registry/https/${host}/v2/app/manifests/latest`]);
    secure.closeAllConnections();
    secure.close();
  });

  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("not with %s", async (method) => {
    await start();
    expect((await ask(to(registry.host), {}, method)).status).toBe(405);
    expect(registry.requests).toEqual([]);
  });

  test("a redirect to a private address that was not named is refused", async () => {
    await start();
    registry.answer = redirectTo(`http://${other.host}/storage`);
    const answer = await ask(to(registry.host));
    expect(answer).toMatchObject({ status: 403, body: `http://${other.host} is not allowed: it leads to 127.0.0.1` });
    expect(other.requests).toEqual([]);
  });

  test("a redirect to an allowed host is followed without credentials", async () => {
    await start({ allowRegistries: [registry.host, other.host] });
    other.add("app:latest", image);
    registry.answer = redirectTo(`http://${other.host}/v2/app/manifests/latest`);
    const answer = await ask(to(registry.host), { authorization: "Basic c2VjcmV0" });
    expect(answer.status).toBe(200);
    expect(registry.headers[0]?.authorization).toBe("Basic c2VjcmV0");
    expect(other.headers[0]?.authorization).toBeUndefined();
  });

  test.each(["file:///etc/passwd", "http://[", "gopher://x/"])("a redirect to %s is refused", async (location) => {
    await start();
    registry.answer = redirectTo(location);
    expect((await ask(to(registry.host))).status).toBe(403);
  });

  test("redirects in a circle end", async () => {
    await start();
    registry.answer = redirectTo("/v2/app/manifests/latest");
    expect((await ask(to(registry.host))).body).toBe("stopped after 5 redirects");
    expect(registry.requests).toHaveLength(6);
  });

  test("a name is resolved once, and what leads inside is refused whatever else it has", async () => {
    const lookups: string[] = [];
    const lookup = async (hostname: string) => {
      lookups.push(hostname);
      return [
        { address: "93.184.216.34", family: 4 },
        { address: "10.0.0.1", family: 4 },
      ];
    };
    await start({ lookup });
    const answer = await ask("/registry/https/ghcr.io/v2/");
    expect(answer).toMatchObject({ status: 403, body: "https://ghcr.io is not allowed: it leads to 10.0.0.1" });
    expect(lookups).toEqual(["ghcr.io"]);
  });

  test("the address that was looked at is the one that is used", async () => {
    // localhost:PORT is named; the lookup says where it is; nothing else could have led to the double.
    const port = registry.host.split(":")[1];
    await start({ allowRegistries: [`localhost:${port}`], lookup: async () => [{ address: "127.0.0.1", family: 4 }] });
    expect((await ask(to(`localhost:${port}`))).status).toBe(200);
    expect(registry.headers[0]?.host).toBe(`localhost:${port}`);
  });

  test("localhost that leads elsewhere is refused", async () => {
    const port = registry.host.split(":")[1];
    await start({
      allowRegistries: [`localhost:${port}`],
      lookup: async () => [{ address: "192.168.1.1", family: 4 }],
    });
    expect((await ask(to(`localhost:${port}`))).status).toBe(403);
  });
});

describe("token servers", () => {
  const challenge = (realm: string) => {
    registry.answer = (_, response) =>
      fail(response, 401, "UNAUTHORIZED", "x", { "www-authenticate": `Bearer realm="${realm}",service="s"` });
  };

  test("are asked once an allowed registry has named them, and the page is not asked for a password", async () => {
    await start({ allowRegistries: [registry.host, other.host] });
    challenge(`http://${other.host}/token`);
    other.answer = (_, response) => Boolean(response.end('{"token":"t"}'));
    expect((await ask(to(other.host, "/token?service=s"))).status).toBe(403);
    const answer = await ask(to(registry.host));
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBeUndefined();
    expect(answer.headers[proxyHeaders.challenge]).toContain("Bearer realm=");
    const token = await ask(to(other.host, "/token?service=s"), { authorization: "Basic dTpw" });
    expect(token).toMatchObject({ status: 200, body: '{"token":"t"}' });
    expect(other.headers.at(-1)?.authorization).toBe("Basic dTpw");
    expect((await ask(to(other.host, "/token/other"))).status).toBe(403);
  });

  test("at a private address are refused even when they were named by a registry", async () => {
    await start();
    challenge(`http://${other.host}/token`);
    await ask(to(registry.host));
    expect((await ask(to(other.host, "/token"))).status).toBe(403);
    expect(other.requests).toEqual([]);
  });

  test("that a redirect's target names are not learnt", async () => {
    await start({ allowRegistries: [registry.host, other.host] });
    registry.answer = redirectTo(`http://${other.host}/x`);
    other.answer = (_, response) =>
      fail(response, 401, "UNAUTHORIZED", "x", { "www-authenticate": `Bearer realm="http://${other.host}/evil"` });
    await ask(to(registry.host));
    expect((await ask(to(other.host, "/evil"))).status).toBe(403);
  });

  test("may not send more than a token's worth", async () => {
    await start({ allowRegistries: [registry.host], limits: { maxTokenBytes: 100 } });
    challenge(`http://${registry.host}/token`);
    await ask(to(registry.host));
    registry.answer = (_, response) => Boolean(response.end("x".repeat(1000)));
    expect(await ask(to(registry.host, "/token"))).toMatchObject({
      status: 403,
      body: "the answer is larger than 100 bytes",
    });
  });
});

describe("its bounds", () => {
  test("an answer that announces too much is refused", async () => {
    await start({ limits: { maxBytes: 10 } });
    expect(await ask(to(registry.host))).toMatchObject({ status: 403, body: "the answer is larger than 10 bytes" });
  });

  test("an answer that grows too large is cut off", async () => {
    await start({ limits: { maxBytes: 1000 } });
    registry.answer = (_, response) => {
      response.writeHead(200);
      response.write("x".repeat(600));
      response.end("x".repeat(600));
      return true;
    };
    await expect(ask(to(registry.host))).rejects.toThrow();
  });

  test("a registry that does not answer is given up", async () => {
    await start({ limits: { answerTimeout: 50 } });
    registry.answer = () => true;
    expect(await ask(to(registry.host))).toMatchObject({
      status: 502,
      body: "Client.Timeout exceeded while awaiting headers",
    });
  });

  test("a registry that wants to speak something else is given up", async () => {
    await start();
    registry.answer = (_, response) =>
      Boolean(response.socket?.end("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")) ||
      true;
    expect(await ask(to(registry.host))).toMatchObject({ status: 502, body: "EOF" });
  });

  test("a registry that stops half-way is given up", async () => {
    await start({ limits: { idleTimeout: 50 } });
    registry.answer = (_, response) => response.write("half") || true;
    await expect(ask(to(registry.host))).rejects.toThrow();
  });

  test("one that takes for ever is given up, however busy", async () => {
    await start({ limits: { totalTimeout: 150 } });
    registry.answer = (_, response) => {
      const timer = setInterval(() => response.write("x"), 10);
      response.once("close", () => clearInterval(timer));
      return true;
    };
    await expect(ask(to(registry.host))).rejects.toThrow();
  });

  test("too many requests at the same time are refused", async () => {
    await start({ limits: { maxRequests: 1 } });
    const released: (() => void)[] = [];
    registry.answer = (_, response) => {
      released.push(() => response.end());
      return true;
    };
    const first = ask(to(registry.host));
    while (released.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await ask(to(registry.host))).status).toBe(503);
    for (const release of released) release();
    expect((await first).status).toBe(200);
  });

  test("a registry that is down is told in Docker's words, also to a HEAD", async () => {
    await start();
    const { host } = registry;
    await registry.stop();
    const answer = await ask(to(host), {}, "HEAD");
    expect(decodeURIComponent(String(answer.headers[proxyHeaders.message]))).toBe(
      `dial tcp ${host}: connect: connection refused`,
    );
    registry = await startRegistryDouble();
  });
});
