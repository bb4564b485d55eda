import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { extname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Browser, openBrowser } from "../support/chromium.ts";
import { dist, type PageServer, startPageServer } from "../support/page-server.ts";
import { run } from "../support/run.ts";
import { openPage } from "../support/wherry-page.ts";

const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

let browser: Browser;
let server: PageServer | undefined;
let plain: Server | undefined;
let site: string;

beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), "wherry-site-"));
  browser = await openBrowser(["--host-resolver-rules=MAP lan.example 127.0.0.1"]);
});
afterEach(async () => {
  for (const page of browser.context.pages()) await page.close();
  await server?.stop();
  plain?.closeAllConnections();
  plain?.close();
  server = undefined;
  plain = undefined;
});
afterAll(async () => {
  await browser?.close();
  await rm(site, { recursive: true, force: true });
});

describe("wherry serve", () => {
  test("sends the page's policy with everything, and lets copies be kept that are named by their content", async () => {
    server = await startPageServer();
    const { origin } = server;
    const page = await fetch(`${origin}/`);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'");
    expect(policy).toContain("worker-src 'self' blob:");
    expect(policy).toContain("default-src 'none'");
    expect(page.headers.get("cache-control")).toBe("no-cache");
    const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(await page.text())?.[1];
    const manifest = await fetch(`${origin}/guest/guest.json`);
    expect(manifest.headers.get("cache-control")).toBe("no-cache");
    const { files } = (await manifest.json()) as { files: { wasm: { path: string }; state: { path: string } } };
    for (const path of [script, `guest/${files.wasm.path}`, `guest/${files.state.path}`]) {
      const { headers, status } = await fetch(`${origin}/${path}`, { method: "HEAD" });
      expect(status).toBe(200);
      expect(headers.get("cache-control")).toContain("immutable");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }
    expect((await fetch(`${origin}/${script}`, { method: "HEAD" })).headers.get("content-encoding")).toMatch(/br|gzip/);
    expect((await fetch(`${origin}/guest/%2e%2e/node/wherry.js`)).status).toBe(404);
    expect((await fetch(`${origin}/`, { method: "POST" })).status).toBe(405);
  });

  test("says so when its port is taken, or is none", async () => {
    server = await startPageServer();
    const wherry = (...argv: string[]) => run(process.execPath, [`${dist}/node/wherry.js`, ...argv]);
    expect(await wherry("--port", String(server.port))).toMatchObject({
      code: 1,
      stderr: `wherry: port ${server.port} is in use. Choose another one with --port.\n`,
    });
    expect((await wherry("--port", "many")).stderr).toContain('invalid port "many"');
    expect((await wherry("serve", "--nonsense")).stderr).toContain("Unknown option '--nonsense'");
  });
});

test("any static host serves it, under any path and without a header of its own", async () => {
  const base = join(site, "some/where");
  await cp(`${dist}/page`, base, { recursive: true });
  await cp(`${dist}/guest`, join(base, "guest"), { recursive: true });
  await cp(`${dist}/images`, join(base, "images"), { recursive: true });
  plain = await serveFolder(site);
  const wherry = await openPage(
    browser.context,
    `http://127.0.0.1:${(plain.address() as AddressInfo).port}/some/where/index.html`,
  );
  await wherry.terminal.ready();
  expect(await wherry.terminal.does("docker run --rm busybox echo from a folder")).toContain("from a folder");
  expect(wherry.complaints).toEqual([]);
  const refused = await wherry.terminal.run("docker pull quay.io/nobody/nothing");
  expect(refused.code).toBe(1);
  expect(refused.screen.replaceAll("\n", "")).toContain("this page has no registry proxy");
});

test("over plain HTTP it says that it keeps nothing, and works", async () => {
  server = await startPageServer();
  const wherry = await openPage(browser.context, `http://lan.example:${server.port}/`);
  expect(await wherry.page.evaluate(() => isSecureContext)).toBe(false);
  expect(await wherry.says(/^Running/)).toContain("This page keeps nothing");
  await wherry.terminal.ready();
  expect(await wherry.terminal.does("docker run --rm busybox echo insecure but alive")).toContain("insecure but alive");
  await wherry.page.reload();
  await wherry.terminal.ready();
  expect(await wherry.terminal.does("docker images -q | wc -l")).toBe("0");
  expect(wherry.complaints).toEqual([]);
});

test("where the browser keeps no data of sites it says that nothing is kept, and works", async () => {
  server = await startPageServer();
  const blocked = await openBrowser([], { profile: { default_content_setting_values: { cookies: 2 } } });
  try {
    const wherry = await openPage(blocked.context, server.origin);
    expect(await wherry.says(/^Running/)).toContain("the browser gives it no storage");
    await wherry.terminal.ready();
    expect(await wherry.terminal.does("docker run --rm busybox echo kept nowhere")).toContain("kept nowhere");
    expect(wherry.complaints).toEqual([]);
  } finally {
    await blocked.close();
  }
});

test("in a frame it leaves the keyboard to the page around it, and lets it go again", async () => {
  server = await startPageServer();
  const lesson = `<button autofocus>before</button><iframe src="${server.origin}/"></iframe><button>after</button>`;
  const page = await browser.context.newPage();
  await page.route(`${server.origin}/lesson`, (route) => route.fulfill({ contentType: "text/html", body: lesson }));
  await page.goto(`${server.origin}/lesson`);
  const prompt = page.frameLocator("iframe").locator(".xterm-rows > div", { hasText: "root@wherry:~#" });
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await prompt.waitFor();
  expect(await focused()).toBe("before");
  for (const key of ["Tab", "Tab", "Tab", "Tab"]) await page.keyboard.press(key);
  expect(await focused(), "Tab is the shell's").toBe("");
  for (const key of ["F6", "Tab"]) await page.keyboard.press(key);
  expect(await focused()).toBe("after");
});

test("the proxy serves the page where the machine's own addresses lead to it", async () => {
  server = await startPageServer(["--address", "0.0.0.0"]);
  const { port } = server;
  const own = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  const ask = (host: string) =>
    run("curl", [
      ...["-s", "-o", "/dev/null", "-w", "%{http_code} %header{x-wherry-proxy-error}"],
      ...["-H", `Host: ${host}:${port}`, "-H", "X-Wherry-Proxy: 1"],
      `http://127.0.0.1:${port}/registry-proxy/https/registry.example/v2/`,
    ]);
  const [loopback, foreign] = await Promise.all([ask("localhost"), ask("evil.example")]);
  expect(foreign.stdout).toBe("403 failed");
  expect(loopback.stdout).toBe("403 not-allowed");
  if (own) expect((await ask(own)).stdout).toBe("403 not-allowed");
});

test("what cannot be fetched is said, and tried again when told to", async () => {
  server = await startPageServer();
  const page = await browser.context.newPage();
  await page.route("**/guest.json", (route) => route.fulfill({ status: 503 }));
  await page.goto(server.origin);
  await page
    .getByRole("status")
    .filter({ hasText: /^Wherry could not start: .*503/ })
    .waitFor();
  await page.unroute("**/guest.json");
  await page.getByRole("button", { name: "Try again" }).click();
  await page
    .getByRole("status")
    .filter({ hasText: /^Running$/ })
    .waitFor();
});

test("a script that cannot be had is said, and tried again when told to", async () => {
  server = await startPageServer();
  const page = await browser.context.newPage();
  await page.route("**/assets/page-*.js", (route) => route.fulfill({ status: 404 }));
  await page.goto(server.origin);
  const status = page.getByRole("status");
  await status.filter({ hasText: /^Wherry could not start: a script of the page could not be loaded/ }).waitFor();
  await page.unroute("**/assets/page-*.js");
  await page.getByRole("button", { name: "Try again" }).click();
  await status.filter({ hasText: /^Running$/ }).waitFor();
});

test("a page whose first script does not come, or that may run none, says so", async () => {
  server = await startPageServer();
  const page = await browser.context.newPage();
  await page.route("**/assets/index-*.js", (route) => route.fulfill({ status: 404 }));
  await page.goto(server.origin);
  await page.getByText(/If nothing else happens, reload the page/).waitFor();
  const devtools = await browser.context.newCDPSession(page);
  await devtools.send("Emulation.setScriptExecutionDisabled", { value: true });
  await page.goto(server.origin);
  const needs = await page.getByText(/it needs JavaScript and WebAssembly/).boundingBox();
  expect(needs?.y, "at the top of the page").toBeLessThan(100);
  expect(await page.getByText("Loading").isVisible()).toBe(false);
});

test("an engine's script that cannot be had is said, and tried again when told to", async () => {
  server = await startPageServer();
  const page = await browser.context.newPage();
  await page.route("**/assets/main-*.js", (route) => route.abort("blockedbyclient"));
  await page.goto(server.origin);
  const status = page.getByRole("status");
  await status.filter({ hasText: /^Wherry could not start: the engine's script could not be loaded$/ }).waitFor();
  await page.unroute("**/assets/main-*.js");
  await page.getByRole("button", { name: "Try again" }).click();
  await status.filter({ hasText: /^Running$/ }).waitFor();
});

test("the download's progress is told in bytes that have come, and its result is checked", async () => {
  let finish: (damage: boolean) => void = () => undefined;
  plain = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    const root = /^\/(guest|images)\//.test(path) ? dist : `${dist}/page`;
    const bytes = await readFile(join(root, path === "/" ? "index.html" : path)).catch(() => undefined);
    const type = types[path === "/" ? ".html" : extname(path)];
    response.writeHead(bytes ? 200 : 404, type ? { "content-type": type } : {});
    if (!bytes || !path.includes("/state-")) return void response.end(bytes);
    response.write(bytes.subarray(0, 2_000_000));
    finish = (damage) => {
      if (damage) bytes.fill(0, 3_000_000, 3_000_100);
      response.end(bytes.subarray(2_000_000));
    };
  });
  await listening(plain);
  const page = await browser.context.newPage();
  await page.goto(`http://127.0.0.1:${(plain.address() as AddressInfo).port}/`);
  const status = page.getByRole("status");
  const bar = page.getByRole("progressbar", { name: "Downloading the machine" });
  await page.getByText(/^2\.0 of \d\.\d MB$/).waitFor();
  expect(await status.textContent()).toBe("Downloading the machine");
  expect(await bar.getAttribute("aria-valuetext")).toMatch(/^2\.0 of \d\.\d MB$/);
  finish(true);
  await status.filter({ hasText: /^Wherry could not start: .* is damaged/ }).waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText(/^2\.0 of \d\.\d MB$/).waitFor();
  finish(false);
  await status.filter({ hasText: /^Running$/ }).waitFor();
});

async function listening(created: Server): Promise<void> {
  await new Promise<void>((resolve) => created.listen(0, "127.0.0.1", resolve));
}

/** The plainest of servers: files, and a media type for those that browsers insist on. */
async function serveFolder(folder: string): Promise<Server> {
  const created = createServer(async (request, response) => {
    const path = join(folder, new URL(request.url ?? "/", "http://x").pathname);
    const bytes = await readFile(path).catch(() => undefined);
    const type = types[extname(path)];
    response.writeHead(bytes ? 200 : 404, type ? { "content-type": type } : {}).end(bytes);
  });
  await listening(created);
  return created;
}
