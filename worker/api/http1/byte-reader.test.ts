import { expect, test } from "vitest";
import { ByteReader } from "./byte-reader.ts";

const text = (bytes: Uint8Array | undefined | string): string | undefined =>
  bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : bytes;

function readerOf(pieces: Iterable<string>): ByteReader {
  const left = pieces[Symbol.iterator]();
  return new ByteReader(
    new ReadableStream<Uint8Array>({
      pull: (controller) => {
        const { done, value } = left.next();
        if (done) controller.close();
        else controller.enqueue(new TextEncoder().encode(value));
      },
    }),
  );
}

test("reads by line, by count and as it comes, whatever the pieces are", async () => {
  const all = "GET / HTTP/1.1\r\nHost: x\r\n\r\nbody and more";
  for (const size of [1, 2, 3, 16, 1000]) {
    const reader = readerOf(all.match(new RegExp(`[^]{1,${size}}`, "g")) ?? []);
    expect(text(await reader.takeUntil(["\n\n", "\r\n\r\n"], 1000))).toBe("GET / HTTP/1.1\r\nHost: x");
    let rest = "";
    for (let piece = await reader.take(4); piece; piece = await reader.take(4)) rest += text(piece);
    expect(rest).toBe("body and more");
    expect(await reader.take(1)).toBeUndefined();
  }
});

test("takeUntil() takes the end that comes first", async () => {
  const reader = readerOf(["a\n\nb\r\n\r", "\nc"]);
  for (const expected of ["a", "b\r"]) expect(text(await reader.takeUntil(["\n\r\n", "\n\n"], 10))).toBe(expected);
});

test("an empty piece is no bytes: take() waits for some", async () => {
  const reader = readerOf(["", "", "a", "", "b\n", ""]);
  expect(text(await reader.take(10))).toBe("a");
  expect(text(await reader.takeUntil(["\n"], 10))).toBe("b");
  expect(await reader.take(10)).toBeUndefined();
});

test("takeUntil() gives up at its limit, byte by byte too", async () => {
  const endless = function* (): Generator<string> {
    for (;;) yield "x";
  };
  expect(await readerOf(endless()).takeUntil(["\n"], 64 << 10)).toBe("overflow");
});
