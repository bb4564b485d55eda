import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Browser, openBrowser } from "../support/chromium.ts";
import { type ModulePage, serveModule } from "../support/module-page.node.ts";
import { digestOf, tarOf } from "../support/registry-image.node.ts";
import type { Layers } from "./layers-page.ts";

declare const layers: Layers;

let browser: Browser;
let served: ModulePage;
let page: Page;

beforeAll(async () => {
  served = await serveModule(join(import.meta.dirname, "layers-page.ts"));
  browser = await openBrowser();
  page = await browser.context.newPage();
  await page.goto(served.origin);
  await page.waitForFunction(() => "layers" in globalThis);
});
afterAll(async () => {
  await browser?.close();
  await served?.stop();
});

const unpack = (blob: Uint8Array, tar: Uint8Array, pieceSize: number) =>
  page.evaluate(([bytes, diffId, size]) => layers.unpack(bytes, diffId, size), [
    Buffer.from(blob).toString("base64"),
    digestOf(tar),
    pieceSize,
  ] as const);

const small = { name: "small", size: 5, tar: tarOf({ which: "small" }) };
const noise = createHash("shake256", { outputLength: 300_000 }).update("noise").digest();
const large = { name: "large", size: 300_000, tar: tarOf({ noise }) };
const pieces = [100, 65_536, 1 << 20];

/** Chromium's own decoder takes one member of gzip and calls the next one garbage; Node's takes them all. */
describe.each([small, large])("a $name layer in Chromium", ({ tar, size }) => {
  const half = tar.length >> 1;
  const members = Buffer.concat([
    gzipSync(tar.subarray(0, half)),
    gzipSync(tar.subarray(half)),
    gzipSync(new Uint8Array(0)),
  ]);
  const whole = gzipSync(tar);

  test.each(pieces)("of several gzip members is unpacked, in pieces of %i bytes", async (pieceSize) => {
    expect(await unpack(members, tar, pieceSize)).toBe(size);
    expect(await unpack(whole, tar, pieceSize)).toBe(size);
    expect(await unpack(tar, tar, pieceSize)).toBe(size);
  });

  test.each(pieces)("that is cut off is refused, in pieces of %i bytes", async (pieceSize) => {
    expect(await unpack(whole.subarray(0, whole.length - 9), tar, pieceSize)).toMatch(/^InvalidParameter: /);
    expect(await unpack(members.subarray(0, members.length - 30), tar, pieceSize)).toMatch(/^InvalidParameter: /);
  });
});
