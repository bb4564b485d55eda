import { expect, test } from "vitest";
import { proxiedUrl } from "./proxied-fetch.ts";

test("proxiedUrl() keeps path and query", () => {
  expect(proxiedUrl("/registry/", new URL("https://ghcr.io:8443/v2/a?x=1"))).toBe(
    "/registry/https/ghcr.io:8443/v2/a?x=1",
  );
});
