import { expect, test } from "vitest";
import { Realms } from "./realms.node.ts";

test("a realm is known once an allowed registry named it over HTTPS, for a while", () => {
  let now = 0;
  const realms = new Realms(1000, () => now);
  const registryUrl = new URL("https://ghcr.io");
  realms.learn('Bearer realm="https://auth.example/token",service="x"', registryUrl);
  realms.learn('Bearer realm="http://auth.example/plain"', registryUrl);
  realms.learn('Basic realm="https://auth.example/basic"', registryUrl);
  realms.learn('Bearer realm="https://u:p@auth.example/user"', registryUrl);
  expect(realms.knows(new URL("https://auth.example/token?scope=x"))).toBe(true);
  for (const path of ["plain", "basic", "user"])
    expect(realms.knows(new URL(`https://auth.example/${path}`))).toBe(false);
  expect(realms.knows(new URL("http://auth.example/plain"))).toBe(false);
  now = 1001;
  expect(realms.knows(new URL("https://auth.example/token"))).toBe(false);
});
