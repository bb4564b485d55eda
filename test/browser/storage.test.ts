import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chunkedFilesCases } from "../../worker/content/chunked-files.suite.ts";
import { recordsCases } from "../../worker/metadata/records.suite.ts";
import { type Browser, openBrowser } from "../support/chromium.ts";
import type { Storage } from "./storage-page.ts";

declare const storage: Storage;

let browser: Browser;
let server: Server;
let page: Page;
let address: string;

/** The page's script, in one piece. */
async function bundle(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: false,
      lib: { entry: join(import.meta.dirname, "storage-page.ts"), formats: ["es"] },
    },
  });
  const [first] = Array.isArray(result) ? result : [result];
  const chunk = first && "output" in first ? first.output[0] : undefined;
  if (!chunk) throw new Error("nothing was built");
  return chunk.code;
}

beforeAll(async () => {
  const script = await bundle();
  server = createServer((request, response) => {
    const isScript = request.url === "/storage.js";
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? script : '<!doctype html><script type="module" src="/storage.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  browser = await openBrowser();
  page = await browser.context.newPage();
  await open();
});
afterAll(async () => {
  await browser.close();
  await new Promise((resolve) => server.close(resolve));
});

async function open(): Promise<void> {
  await page.goto(address);
  await page.waitForFunction(() => "storage" in globalThis);
}

describe("IndexedDbFiles in Chromium", () => {
  test.each(chunkedFilesCases.map(({ name }, index) => [name, index] as const))("%s", async (_, index) => {
    await page.evaluate((at) => storage.runFiles(at), index);
  });

  test("a reload finds what was committed, and sweeps what was not", async () => {
    await page.evaluate(() => storage.write());
    await open();
    const found = await page.evaluate(() => storage.read());
    // Three chunks and a record.
    expect(found).toEqual({
      files: [{ name: "kept", size: 3_000_000 }],
      chunks: 4,
      content: true,
      records: [
        ["a/1", "one"],
        ["a/2", { two: 2 }],
      ],
    });
  });

  test("a full quota is a System error, and what was written is freed", async () => {
    const session = await browser.context.newCDPSession(page);
    await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(address).origin, quotaSize: 20_000_000 });
    const result = await page.evaluate(() => storage.fill());
    await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(address).origin });
    expect(result).toEqual({ error: "no space left on device", name: "System", files: [], chunks: 0 });
  });
});

describe("IndexedDbRecords in Chromium", () => {
  test.each(recordsCases.map(({ name }, index) => [name, index] as const))("%s", async (_, index) => {
    await page.evaluate((at) => storage.runRecords(at), index);
  });
});
