import { expect, test } from "vitest";
import { ByteQueue } from "./byte-queue.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (of: string): Uint8Array => new TextEncoder().encode(of);

test("holds pieces of any size, in order, and gives them out as they are cut", () => {
  const queue = new ByteQueue();
  for (const piece of ["", "one ", "t", "w", "", "o three"]) queue.push(bytesOf(piece));
  expect(text(queue.bytes)).toBe("one two three");
  const one = queue.cut(4);
  queue.push(bytesOf(" four"));
  const two = queue.cut(4);
  for (let count = 0; count < 100; count++) queue.push(bytesOf("."));
  expect(text(queue.cut(10))).toBe("three four");
  expect(queue.length).toBe(100);
  expect(text(queue.cut(1000))).toBe(".".repeat(100));
  queue.push(bytesOf("again"));
  expect([text(one), text(two), text(queue.bytes)]).toEqual(["one ", "two ", "again"]);
});

test("writes into no piece that it was given", () => {
  const whole = bytesOf("abcdefgh");
  const queue = new ByteQueue();
  queue.push(whole.subarray(0, 2));
  queue.push(bytesOf("12345"));
  expect(text(queue.bytes)).toBe("ab12345");
  expect(text(whole)).toBe("abcdefgh");
  queue.cut(100);
  queue.push(Buffer.from("x"));
  expect(Object.getPrototypeOf(queue.cut(1))).toBe(Uint8Array.prototype);
});

test("copies each byte a few times at most, when they come one by one", () => {
  const queue = new ByteQueue();
  const rooms = new Set<ArrayBufferLike>();
  for (let count = 0; count < 1 << 16; count++) {
    queue.push(Uint8Array.of(count & 255));
    rooms.add(queue.bytes.buffer);
  }
  expect(queue.length).toBe(1 << 16);
  expect(queue.bytes.every((byte, at) => byte === (at & 255))).toBe(true);
  expect(rooms.size).toBeLessThan(20);
});
