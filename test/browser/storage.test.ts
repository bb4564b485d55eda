import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chunkedFilesCases } from "../../worker/content/chunked-files.suite.ts";
import { contentStoreCases } from "../../worker/content/content-store.suite.ts";
import { recordsCases } from "../../worker/metadata/records.suite.ts";
import { type Browser, openBrowser } from "../support/chromium.ts";
import { type ModulePage, serveModule } from "../support/module-page.node.ts";
import type { Storage } from "./storage-page.ts";

declare const storage: Storage;

const entry = join(import.meta.dirname, "storage-page.ts");

let browser: Browser;
let served: ModulePage;
let page: Page;

beforeAll(async () => {
  served = await serveModule(entry);
  browser = await openBrowser();
  page = await browser.context.newPage();
  await open(served);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
});

async function open(at: ModulePage): Promise<void> {
  await page.goto(at.origin);
  await page.waitForFunction(() => "storage" in globalThis);
}

describe("IndexedDbFiles in Chromium", () => {
  test.each(chunkedFilesCases.map(({ name }, index) => [name, index] as const))("%s", async (_, index) => {
    await page.evaluate((at) => storage.runFiles(at), index);
  });

  test("a reload finds what was committed, and sweeps what was not", async () => {
    await page.evaluate(() => storage.write());
    await open(served);
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
    // An origin of its own: Chromium remembers for a while how much room it has found.
    const small = await serveModule(entry);
    const session = await browser.context.newCDPSession(page);
    try {
      await session.send("Storage.overrideQuotaForOrigin", { origin: small.origin, quotaSize: 20_000_000 });
      await open(small);
      const result = await page.evaluate(() => storage.fill());
      expect(result).toEqual({ error: "no space left on device", name: "System", files: [], chunks: 0 });
    } finally {
      await open(served);
      await small.stop();
    }
  });
});

test("a storage that the user clears says so to whoever uses it on", async () => {
  const site = await serveModule(entry);
  const session = await browser.context.newCDPSession(page);
  try {
    await open(site);
    await page.evaluate(() => storage.hold());
    await session.send("Storage.clearDataForOrigin", { origin: site.origin, storageTypes: "indexeddb" });
    const closed = "the browser has closed its storage, as it does when it is cleared: reload the page";
    await expect.poll(() => page.evaluate(() => storage.useHeld())).toEqual([closed, closed, closed, closed]);
  } finally {
    await open(served);
    await site.stop();
  }
});

describe("FileContentStore in Chromium", () => {
  test.each(contentStoreCases.map(({ name }, index) => [name, index] as const))("%s", async (_, index) => {
    await page.evaluate((at) => storage.runContent(at), index);
  });
});

describe("IndexedDbRecords in Chromium", () => {
  test.each(recordsCases.map(({ name }, index) => [name, index] as const))("%s", async (_, index) => {
    await page.evaluate((at) => storage.runRecords(at), index);
  });
});
