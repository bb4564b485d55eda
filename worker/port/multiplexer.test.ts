import { afterEach, describe, expect, it } from "vitest";
import { type Channel, window } from "./channel.ts";
import { Multiplexer } from "./multiplexer.ts";

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** One end is a Multiplexer, the other is played by the test, frame by frame. */
function against(): {
  readonly multiplexer: Multiplexer;
  readonly opened: Channel[];
  readonly closed: Promise<Error>;
  post(frame: unknown): void;
  next(): Promise<Record<string, unknown>>;
} {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const opened: Channel[] = [];
  let close: (error: Error) => void = () => undefined;
  const closed = new Promise<Error>((resolve) => {
    close = resolve;
  });
  const onOpen = (channel: Channel): void => void opened.push(channel);
  const multiplexer = new Multiplexer(port1, { side: "engine", onOpen, onClosed: close, limit: 2 });
  const received: Record<string, unknown>[] = [];
  let wake: () => void = () => undefined;
  port2.addEventListener("message", ({ data }) => {
    received.push(data);
    wake();
  });
  port2.start();
  const next = async (): Promise<Record<string, unknown>> => {
    while (received.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return received.shift() ?? {};
  };
  return { multiplexer, opened, closed, post: (frame) => port2.postMessage(frame), next };
}

describe("a Multiplexer whose other end breaks the protocol closes the port", () => {
  const bytes = (count: number): Uint8Array => new Uint8Array(count);
  it.each<[string, readonly unknown[], string]>([
    ["no frame", ["hello"], "no frame"],
    ["a frame without an id", [{ type: "open", head: {} }], "no frame"],
    ["a negative id", [{ type: "end", id: -1 }], "no frame"],
    [
      "data that is no bytes",
      [
        { type: "open", id: 1, head: {} },
        { type: "data", id: 1, bytes: "x" },
      ],
      "no frame",
    ],
    ["a channel number of our side", [{ type: "open", id: 2, head: {} }], "not free"],
    [
      "a channel opened twice",
      [
        { type: "open", id: 1, head: {} },
        { type: "open", id: 1, head: {} },
      ],
      "not free",
    ],
    [
      "more bytes than credits",
      [
        { type: "open", id: 1, head: {} },
        { type: "data", id: 1, bytes: bytes(window) },
        { type: "data", id: 1, bytes: bytes(1) },
      ],
      "more bytes than credits",
    ],
    [
      "messages without end",
      [
        { type: "open", id: 1, head: {} },
        ...Array.from({ length: 1100 }, () => ({ type: "message", id: 1, message: 0 })),
      ],
      "too many messages",
    ],
  ])("%s", async (_, frames, complaint) => {
    const { post, closed, opened } = against();
    for (const frame of frames) post(frame);
    expect((await closed).message).toContain(complaint);
    for (const channel of opened) expect(channel.signal.aborted).toBe(true);
  });
});

it("more channels than allowed are refused, one by one", async () => {
  const { post, next, opened } = against();
  for (const id of [1, 3, 5]) post({ type: "open", id, head: {} });
  expect(await next()).toMatchObject({ type: "reset", id: 5, reason: { name: "Unavailable" } });
  expect(opened.length).toBe(2);
  opened[0]?.abort(new Error("done"));
  post({ type: "open", id: 7, head: {} });
  post({ type: "open", id: 9, head: {} });
  await next();
  expect(await next()).toMatchObject({ type: "reset", id: 9 });
});

it("frames of a channel that is over mean nothing", async () => {
  const { post, next, opened } = against();
  post({ type: "data", id: 99, bytes: new Uint8Array(1) });
  post({ type: "credit", id: 99, bytes: 1 });
  post({ type: "open", id: 1, head: {} });
  while (opened.length === 0) await new Promise((resolve) => setTimeout(resolve));
  opened[0]?.send("alive");
  expect(await next()).toMatchObject({ type: "message", message: "alive" });
});

it("a sender waits for credits, and takes no more than a window of them", async () => {
  const { post, next, opened } = against();
  post({ type: "open", id: 1, head: {} });
  post({ type: "credit", id: 1, bytes: 1e9 });
  while (opened.length === 0) await new Promise((resolve) => setTimeout(resolve));
  const writer = opened[0]?.writable.getWriter();
  let written = false;
  const writing = writer?.write(new Uint8Array(window + 1)).then(() => {
    written = true;
  });
  let got = 0;
  while (got < window) got += ((await next()).bytes as Uint8Array).length;
  expect([got, written]).toEqual([window, false]);
  post({ type: "credit", id: 1, bytes: 1 });
  await writing;
  expect(((await next()).bytes as Uint8Array).length).toBe(1);
});
