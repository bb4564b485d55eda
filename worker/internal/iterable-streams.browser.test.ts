import { afterEach, expect, test } from "vitest";
import { makeStreamsIterable } from "./iterable-streams.browser.ts";

const own = ReadableStream.prototype[Symbol.asyncIterator];
afterEach(() => {
  Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, { value: own, configurable: true });
});

test("streams are iterated, cancelled and left as the standard says, where the browser has no iterator", async () => {
  Reflect.deleteProperty(ReadableStream.prototype, Symbol.asyncIterator);
  makeStreamsIterable();
  expect(ReadableStream.prototype[Symbol.asyncIterator]).not.toBe(own);
  let all = "";
  const whole = new Response("abc").body as ReadableStream<Uint8Array>;
  for await (const piece of whole) all += new TextDecoder().decode(piece);
  expect([all, whole.locked]).toEqual(["abc", false]);
  const cancelled: unknown[] = [];
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(1),
    cancel: (reason) => void cancelled.push(reason),
  });
  for await (const piece of endless) if (piece) break;
  expect([cancelled, endless.locked]).toEqual([[undefined], false]);
  const broken = new ReadableStream({ start: (controller) => controller.error(new Error("broken")) });
  await expect(broken[Symbol.asyncIterator]().next()).rejects.toThrow("broken");
});
