import { expect, test } from "vitest";
import { browserFetch } from "./proxied-fetch.ts";

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
