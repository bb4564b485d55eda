import { expect, test } from "vitest";
import { browserFetch, proxiedUrl } from "./proxied-fetch.ts";

test("proxiedUrl() keeps path and query", () => {
  expect(proxiedUrl("/registry/", new URL("https://ghcr.io:8443/v2/a?x=1"))).toBe(
    "/registry/https/ghcr.io:8443/v2/a?x=1",
  );
});

const offline = () => Promise.reject(new TypeError("Failed to fetch"));

test("browserFetch() says so when the page's server, with its proxy, is gone", async () => {
  const fetch = browserFetch({ fetch: offline, proxy: "http://page.example/registry-proxy/" });
  await expect(fetch("https://registry.example/v2/", {})).rejects.toThrow(
    "cannot reach this page's server, which asks registries for it",
  );
});

test("browserFetch() that is given up says nothing of the server", async () => {
  const fetch = browserFetch({ fetch: offline, proxy: "http://page.example/registry-proxy/" });
  const signal = AbortSignal.abort(new Error("given up"));
  await expect(fetch("https://registry.example/v2/", { signal })).rejects.toThrow("given up");
});
