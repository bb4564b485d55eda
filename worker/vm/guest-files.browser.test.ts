import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PROTOCOL_VERSION } from "../shim/protocol.ts";
import { openGuestDownload } from "./guest-files.browser.ts";
import { machineIdentity } from "./v86/identity.ts";

const base = new URL("http://server.example/guest/");
/** An empty module. */
const wasm = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const state = new Uint8Array(0);
const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const file = (path: string) => ({ path, size: 0, sha256: empty });
const manifest = JSON.stringify({
  version: 1,
  files: {
    state: file("state"),
    wasm: file("wasm"),
    kernel: file("k"),
    initramfs: file("i"),
    bios: file("b"),
    vgaBios: file("v"),
  },
  machine: { ...machineIdentity, protocol: PROTOCOL_VERSION },
  keys: {},
  versions: { kernel: "6", runtime: "1", init: "0" },
});

/** Names of the files of which the server sends no byte more. */
let stalled: Set<string>;

beforeEach(() => {
  stalled = new Set();
  vi.useFakeTimers();
  vi.stubGlobal("fetch", async (url: URL, { signal }: RequestInit) => {
    const name = url.pathname.split("/").at(-1) ?? "";
    const content = name === "guest.json" ? manifest : name === "wasm" ? wasm : state;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        signal?.addEventListener("abort", () => controller.error(signal.reason));
        if (stalled.has(name)) return;
        if (content.length > 0)
          controller.enqueue(typeof content === "string" ? new TextEncoder().encode(content) : content);
        controller.close();
      },
    });
    return new Response(body);
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const patience = () => vi.advanceTimersByTimeAsync(31_000);

test("openGuestDownload() reads what a server sends", async () => {
  const { components } = await openGuestDownload(base, PROTOCOL_VERSION);
  const [module, snapshot] = await Promise.all([components.wasm(), components.snapshot({})]);
  expect([module, snapshot.byteLength]).toEqual([expect.any(WebAssembly.Module), 0]);
  expect(vi.getTimerCount()).toBe(0);
});

test.each(["guest.json", "state", "wasm"])(
  "a server that stops to send %s is not waited for for ever",
  async (name) => {
    stalled.add(name);
    const had = openGuestDownload(base, PROTOCOL_VERSION).then(({ components }) =>
      Promise.all([components.wasm(), components.snapshot({})]),
    );
    const failed = expect(had).rejects.toThrow(
      `http://server.example/guest/${name} broke off: the server has stopped sending`,
    );
    await patience();
    await failed;
  },
);
