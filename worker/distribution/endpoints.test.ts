import { describe, expect, test } from "vitest";
import { parseMirror, registryEndpoints } from "./endpoints.ts";

describe("registryEndpoints()", () => {
  test.each([
    ["docker.io", [], ["https://registry-1.docker.io"]],
    ["ghcr.io", [], ["https://ghcr.io"]],
    ["localhost:5000", [], ["https://localhost:5000", "http://localhost:5000"]],
    ["127.0.0.1:5000", [], ["https://127.0.0.1:5000", "http://127.0.0.1:5000"]],
    ["127.9.9.9", [], ["https://127.9.9.9", "http://127.9.9.9"]],
    ["[::1]:5000", [], ["https://[::1]:5000", "http://[::1]:5000"]],
    ["127.0.0.1.example.com", [], ["https://127.0.0.1.example.com"]],
    ["reg.lan:5000", ["reg.lan:5000"], ["https://reg.lan:5000", "http://reg.lan:5000"]],
    ["reg.lan:5000", ["reg.lan"], ["https://reg.lan:5000", "http://reg.lan:5000"]],
    ["reg.lan:5001", ["reg.lan:5000"], ["https://reg.lan:5001"]],
    ["10.1.2.3:5000", ["10.0.0.0/8"], ["https://10.1.2.3:5000", "http://10.1.2.3:5000"]],
    ["11.1.2.3:5000", ["10.0.0.0/8"], ["https://11.1.2.3:5000"]],
  ])("%s with %j", (domain, insecureRegistries, expected) => {
    const endpoints = registryEndpoints(domain, { mirrors: [], insecureRegistries });
    expect(endpoints.map((url) => url.origin)).toEqual(expected);
  });
});

describe("parseMirror()", () => {
  test("takes an origin", () => {
    expect(parseMirror("http://127.0.0.1:5000/").origin).toBe("http://127.0.0.1:5000");
  });
  test("takes a path", () => {
    expect(parseMirror("https://mirror/docker/hub").pathname).toBe("/docker/hub");
  });
  test.each([
    ["", `no scheme specified for "": must use either 'https://' or 'http://'`],
    ["mirror:5000", `no scheme specified for "mirror:5000": must use either 'https://' or 'http://'`],
    ["ftp://mirror", `unsupported scheme "ftp" in "ftp://mirror": must use either 'https://' or 'http://'`],
    ["http://", '"http://" is not a valid URI'],
    ["https://mirror?x", 'query or fragment at end of the URI "https://mirror?x"'],
    ["https://a:b@mirror", 'username/password not allowed in URI "https://a:xxxxx@mirror/"'],
  ])("refuses %j in dockerd's words", (text, message) => {
    expect(() => parseMirror(text)).toThrow(`invalid mirror: ${message}`);
  });
});
