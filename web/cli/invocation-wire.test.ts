import { expect, it } from "vitest";
import { WireWriter } from "../../worker/internal/wire/fields.ts";
import { encodeFrame, FLAG_MORE, type Frame } from "../../worker/internal/wire/frames.ts";
import { InvocationRequests } from "./invocation-requests.ts";
import { readStart } from "./invocation-start.ts";
import { InvocationStdin } from "./invocation-stdin.ts";
import { From, INVOCATION_VERSION, readFrames } from "./invocation-wire.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function inPieces(bytes: Uint8Array, size: number): ReadableStreamDefaultReader<Uint8Array> {
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
  return stream.getReader();
}

it.each([1, 7, 13, 1000, 1_000_000])("readFrames() takes pieces of %d bytes", async (size) => {
  const payloads = [bytesOf("first"), new Uint8Array(), new Uint8Array(30_000).fill(7), bytesOf("last")];
  const all = Buffer.concat(payloads.map((payload, index) => encodeFrame(From.STDIN, index, payload)));
  const seen: Frame[] = [];
  for await (const frame of readFrames(inPieces(all, size))) seen.push(frame);
  expect(seen.map(({ type, id, payload }) => ({ type, id, payload: Buffer.from(payload) }))).toEqual(
    payloads.map((payload, id) => ({ type: From.STDIN, id, payload: Buffer.from(payload) })),
  );
});

it("readFrames() refuses a frame by its length, before it has come", async () => {
  const frames = readFrames(inPieces(Uint8Array.of(1, 0, 1, 0, From.STDIN, 0, 0, 0, 0, 0, 0, 0), 1));
  await expect(frames.next()).rejects.toThrow("frame of 65537 bytes");
});

it("strings and answers may come byte by byte, and empty pieces of an answer count for nothing", async () => {
  const words = Array.from(bytesOf("ps\0-a\0"), (byte) => encodeFrame(From.STRINGS, 0, Uint8Array.of(byte)));
  const start = encodeFrame(
    From.START,
    0,
    new WireWriter().u32(INVOCATION_VERSION).u32(0).u16(0).u16(0).u32(2).u32(0).raw(bytesOf("/")).finish(),
  );
  const { argv } = await readStart(readFrames(inPieces(Buffer.concat([start, ...words]), 5)));
  expect(argv).toEqual(["ps", "-a"]);

  const requests = new InvocationRequests(async () => {});
  const answer = requests.ask(65, new WireWriter(), 10);
  const part = (text: string, flags: number) =>
    requests.result({ type: From.RESULT, flags, id: 1, payload: new WireWriter().u32(0).raw(bytesOf(text)).finish() });
  for (const piece of ["", "a", "", "", "bc", "d"]) part(piece, FLAG_MORE);
  part("", 0);
  expect(new TextDecoder().decode(await answer)).toBe("abcd");
  void requests.ask(65, new WireWriter(), 1);
  expect(() => requests.result({ type: From.RESULT, flags: 0, id: 2, payload: new Uint8Array(6) })).toThrow("too long");
});

it("stdin passes over empty pieces", async () => {
  const stdin = new InvocationStdin(() => {});
  const reader = stdin.readable.getReader();
  const first = reader.read();
  await Promise.resolve();
  for (const piece of ["", "", "a", "", "b", ""]) stdin.data(bytesOf(piece));
  stdin.end();
  const seen = [await first, await reader.read(), await reader.read()].map(
    ({ value }) => value && String.fromCharCode(...value),
  );
  expect(seen).toEqual(["a", "b", undefined]);
});
