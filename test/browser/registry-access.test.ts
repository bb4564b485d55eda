import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type RegistryProxy, registryProxy } from "../../web/proxy/registry-proxy.node.ts";
import { type Browser, openBrowser } from "../support/chromium.ts";
import { type ModulePage, serveModule } from "../support/module-page.node.ts";
import { fail, type RegistryDouble, serve, startRegistryDouble } from "../support/registry-double.node.ts";
import { buildImage } from "../support/registry-image.node.ts";
import type { RegistryPage } from "./registry-page.ts";

declare const registry: RegistryPage;

const image = buildImage({ layers: [{ a: "b" }, { c: "d" }] });
const digests = [image.manifest, image.config, ...image.layers].map(({ digest }) => digest);

let browser: Browser;
let page: Page;
let served: ModulePage;
let proxy: RegistryProxy;
let double: RegistryDouble;
let storage: RegistryDouble;

beforeAll(async () => {
  served = await serveModule(join(import.meta.dirname, "registry-page.ts"), (request, response) =>
    proxy.handle(request, response),
  );
  browser = await openBrowser();
  page = await browser.context.newPage();
});
afterAll(async () => {
  await browser.close();
  await served.stop();
});
beforeEach(async () => {
  [double, storage] = await Promise.all([startRegistryDouble(), startRegistryDouble()]);
  double.add("app:latest", image);
  proxy = registryProxy({
    prefix: "/proxy",
    origins: () => [served.origin],
    allowRegistries: [double.host, storage.host],
  });
  await page.goto(served.origin);
  await page.waitForFunction(() => "registry" in globalThis);
});
afterEach(async () => {
  proxy.close();
  await Promise.all([double.stop(), storage.stop()]);
});

const fetchImage = (through: string | undefined, username?: string): Promise<string[]> =>
  page.evaluate(
    ([name, address, user]) => registry.fetchImage(name ?? "", address, user),
    [`${double.host}/app`, through, username],
  );
const ourProxy = () => `${served.origin}/proxy/`;

test("a page pulls through the proxy, with a password, a token and a redirect, and asks the user nothing", async () => {
  double.answer = (request, response) => {
    if (request.url?.startsWith("/token")) {
      const isUser = request.headers.authorization === `Basic ${Buffer.from("me:secret").toString("base64")}`;
      return isUser ? Boolean(response.end('{"token":"t"}')) : fail(response, 401, "UNAUTHORIZED", "no");
    }
    if (request.headers.authorization !== "Bearer t") {
      return fail(response, 401, "UNAUTHORIZED", "x", {
        "www-authenticate": `Bearer realm="http://${double.host}/token"`,
      });
    }
    const layer = image.layers.find(({ digest }) => request.url?.endsWith(digest));
    return (
      layer !== undefined &&
      Boolean(response.writeHead(307, { location: `http://${storage.host}/${layer.digest}` }).end())
    );
  };
  storage.answer = (request, response) => {
    const layer = image.layers.find(({ digest }) => request.url?.endsWith(digest));
    return layer !== undefined && serve(request, response, layer);
  };
  expect((await fetchImage(ourProxy(), "me")).sort()).toEqual([...digests].sort());
  expect(storage.headers.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
});

test("a basic challenge is answered with what the user gave, or told", async () => {
  double.answer = (request, response) =>
    request.headers.authorization === undefined &&
    fail(response, 401, "UNAUTHORIZED", "authentication required", { "www-authenticate": 'Basic realm="x"' });
  expect((await fetchImage(ourProxy(), "me")).sort()).toEqual([...digests].sort());
  expect(await fetchImage(ourProxy())).toEqual([
    `System: Head "http://${double.host}/v2/app/manifests/latest": no basic auth credentials`,
  ]);
});

test("a registry that allows other origins needs no proxy", async () => {
  double.answer = (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "accept, authorization, range");
    response.setHeader("access-control-expose-headers", "docker-content-digest, content-range, www-authenticate");
    if (request.method === "OPTIONS") return Boolean(response.writeHead(204).end());
    const layer = image.layers.find(({ digest }) => request.url === `/v2/app/blobs/${digest}`);
    const isFirst = layer === image.layers[0] && layer !== undefined;
    return isFirst && Boolean(response.writeHead(307, { location: `/elsewhere/v2/app/blobs/${layer.digest}` }).end());
  };
  const serveAll = double.answer;
  double.answer = (request, response) => {
    if (serveAll(request, response)) return true;
    const layer = image.layers[0];
    return request.url?.startsWith("/elsewhere/") === true && layer !== undefined && serve(request, response, layer);
  };
  expect((await fetchImage(undefined)).sort()).toEqual([...digests].sort());
});

test("one that does not is told in one clear sentence", async () => {
  expect(await fetchImage(undefined)).toEqual([
    `System: Get "http://${double.host}/v2/": cannot reach ${double.host} from this page: it is down, or allows no cross-origin requests (CORS), and this page has no registry proxy`,
  ]);
});

test("another page gets nothing from the proxy", async () => {
  const other = await serveModule(join(import.meta.dirname, "registry-page.ts"));
  try {
    await page.goto(other.origin);
    await page.waitForFunction(() => "registry" in globalThis);
    const [answer] = await fetchImage(ourProxy());
    expect(answer).toContain("System: Get");
    expect(double.requests).toEqual([]);
  } finally {
    await other.stop();
  }
});
