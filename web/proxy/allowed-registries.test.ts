import { describe, expect, test } from "vitest";
import { AllowedRegistries } from "./allowed-registries.node.ts";

describe("AllowedRegistries", () => {
  const allowed = new AllowedRegistries(["127.0.0.1:5000", "localhost:5000", "reg.example", "[::1]:5000"]);
  test.each([
    ["https://registry-1.docker.io", "1.2.3.4", true],
    ["https://registry-1.docker.io", "10.1.1.1", false],
    ["https://cdn.example", "1.2.3.4", true],
    ["http://cdn.example", "1.2.3.4", false],
    ["http://127.0.0.1:5000", "127.0.0.1", true],
    ["http://127.0.0.1:5001", "127.0.0.1", false],
    ["http://localhost:5000", "127.0.0.1", true],
    ["http://localhost:5000", "::1", true],
    ["http://localhost:5000", "10.0.0.1", false],
    ["http://[::1]:5000", "::1", true],
    ["https://reg.example", "127.0.0.1", false],
    ["http://reg.example", "1.2.3.4", false],
  ])("%s at %s: %s", (url, address, expected) => {
    expect(allowed.mayConnect(new URL(url), address)).toBe(expected);
  });
  test.each(["", "http://x", "a/b", "u@h", "a b", "x?y", "x#y", "x\\y"])("refuses the name %j", (name) => {
    expect(() => new AllowedRegistries([name])).toThrow("--allow-registry");
  });
});
