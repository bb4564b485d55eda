import { afterEach, expect, test, vi } from "vitest";
import type { EngineApi } from "../../worker/api/engine-api.ts";
import { keepStorage } from "./keep-storage.browser.ts";

afterEach(() => vi.unstubAllGlobals());

/** A browser, and an engine that pulls two images when it is told to. */
function setUp(options: { readonly persisted?: boolean; readonly state?: PermissionState } = {}) {
  const persist = vi.fn(async () => true);
  vi.stubGlobal("navigator", {
    storage: { persist, persisted: async () => options.persisted ?? false },
    permissions: { query: async () => ({ state: options.state ?? "prompt" }) },
  });
  const asked = vi.fn<(url: string) => void>();
  let pull: () => void = () => undefined;
  const pulled = new Promise<void>((resolve) => {
    pull = resolve;
  });
  const fetch = async (request: Request) => {
    asked(decodeURIComponent(request.url));
    const lines = ['{"Action":"pull","Actor":{"ID":"one"}}\n', '{"Action":"pull","Actor":{"ID":"two"}}\n'];
    return new Response(
      new ReadableStream({
        async start(controller) {
          await pulled;
          for (const line of lines) controller.enqueue(new TextEncoder().encode(line));
        },
      }),
    );
  };
  return { persist, asked, pull, engine: { fetch } as Partial<EngineApi> as EngineApi };
}

test("the browser is asked once, when the first image was pulled", async () => {
  const { persist, asked, pull, engine } = setUp();
  const kept = keepStorage(engine, new AbortController().signal);
  await expect.poll(() => asked.mock.calls.length).toBe(1);
  expect(asked.mock.calls[0]?.[0]).toContain('{"type":["image"],"event":["pull"]}');
  expect(persist).not.toHaveBeenCalled();
  pull();
  await kept;
  expect(persist).toHaveBeenCalledOnce();
});

test.each([{ persisted: true }, { state: "denied" as const }])(
  "and not where %o says that there is no use",
  async (options) => {
    const { persist, asked, pull, engine } = setUp(options);
    pull();
    await keepStorage(engine, new AbortController().signal);
    expect([persist, asked].map((call) => call.mock.calls)).toEqual([[], []]);
  },
);
