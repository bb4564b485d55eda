import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi } from "../support/api.ts";
import { type Engine, startEngine } from "../support/engine.ts";

let engine: Engine;
const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  callApi(engine.host, method, path, { headers, body });

beforeAll(async () => {
  engine = await startEngine();
  await engine.docker(["run", "--rm", "busybox", "true"]);
});
afterAll(async () => {
  await engine.docker(["rm", "-f", "cf-api-a", "cf-api-b"]);
  await engine?.stop();
});

describe("a body that cannot be read", () => {
  it.each([
    ["{", "invalid JSON: unexpected EOF"],
    ["", "invalid JSON: got EOF while reading request body"],
    ['{"Image":"busybox"} x', "unexpected content after JSON"],
    ['{"Image": 5}', "invalid JSON: json: cannot unmarshal number into Go struct field .Image of type string"],
    ['{"Env": "x"}', "invalid JSON: json: cannot unmarshal string into Go struct field .Env of type []string"],
    [
      '{"Image":"busybox","HostConfig":{"Memory":"x"}}',
      "invalid JSON: json: cannot unmarshal string into Go struct field .HostConfig.Memory of type int64",
    ],
    ['{"Env": ["a", 5]}', "invalid JSON: json: cannot unmarshal number into .Env.1 of type string"],
    [
      '{"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":80}]}}}',
      "invalid JSON: json: cannot unmarshal number into Go struct field .HostConfig.PortBindings.80~1tcp.0.HostPort of type string",
    ],
    [
      '{"HostConfig":{"BlkioWeight":70000}}',
      "invalid JSON: json: cannot unmarshal number 70000 into Go struct field .HostConfig.BlkioWeight of type uint16",
    ],
    ["[]", "invalid JSON: json: cannot unmarshal array into Go value of type container.CreateRequest"],
    ['{"Image":"x",}', "invalid JSON: invalid character '}' looking for beginning of object key string"],
    ['{"Image":tru}', "invalid JSON: invalid character '}' in literal true (expecting 'e')"],
    ['{"Image":"x" "y"}', `invalid JSON: invalid character '"' after object key:value pair`],
    ['{"HostConfig":{"Memory":1}}', "config cannot be empty in order to create a container"],
    ['{"Image":""}', "no command specified"],
    ["null", "config cannot be empty in order to create a container"],
    ["{}", "config cannot be empty in order to create a container"],
  ])("%s is refused with %s", async (body, message) => {
    const { status, json } = await call("POST", "/containers/create", body);
    expect({ status, json }).toEqual({ status: 400, json: { message } });
  });

  it("is refused when it says that it is something else", async () => {
    const { status, json } = await call("POST", "/containers/create", "{}", { "content-type": "text/plain" });
    expect(status).toBe(400);
    expect(json).toEqual({ message: "unsupported Content-Type header (text/plain): must be 'application/json'" });
  });

  it("leaves the engine as it was", async () => {
    expect((await call("GET", "/_ping")).text).toBe("OK");
  });
});

describe("versions", () => {
  it.each([
    [
      "1.23",
      "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
    ],
    ["1.99", "client version 1.99 is too new. Maximum supported API version is 1.51"],
    ["1.51.2", "client version 1.51.2 is too new. Maximum supported API version is 1.51"],
  ])("of %s are refused", async (version, message) => {
    const { status, headers, text } = await call("GET", `/v${version}/info`);
    expect(status).toBe(400);
    const old = version.endsWith(".23");
    expect(headers["content-type"]).toBe(old ? "text/plain; charset=utf-8" : "application/json");
    expect(text).toBe(old ? `${message}\n` : `${JSON.stringify({ message })}\n`);
  });

  it("are told by every answer, and by a ping to whom no version is told", async () => {
    for (const path of ["/_ping", "/v1.30/_ping", "/v1.24/containers/json", "/containers/none/json"]) {
      const { headers } = await call("GET", path);
      expect([path, headers["api-version"], headers.ostype]).toEqual([path, "1.51", "linux"]);
    }
  });
});

describe("an address that is none", () => {
  it.each([
    ["GET", "/"],
    ["GET", "/nope"],
    ["GET", "/v1.51"],
    ["GET", "/v1.51/nope"],
    ["GET", "/_ping/x"],
    ["DELETE", "/info"],
    ["PATCH", "/containers/json"],
    ["GET", "/%ff"],
  ])("%s %s is not found", async (method, path) => {
    const { status, json } = await call(method, path);
    expect({ status, json }).toEqual({ status: 404, json: { message: "page not found" } });
  });
});

it.each([
  ["/containers//json?all=1", "/containers/json?all=1"],
  ["//info", "/info"],
])("the path %s is redirected to %s", async (path, location) => {
  const { status, headers } = await call("GET", path);
  expect([status, headers.location]).toEqual([301, location]);
});

it("OPTIONS is answered for every path", async () => {
  for (const path of ["/info", "/v1.51/nope"]) {
    const { status, text } = await call("OPTIONS", path);
    expect([status, text]).toEqual([200, ""]);
  }
});

it("an attach to a container that is not there is told in bare text", async () => {
  const { status, headers, text } = await call("POST", "/containers/cf-none/attach?stream=1");
  const type = "application/vnd.docker.raw-stream";
  expect([status, headers["content-type"], text]).toEqual([404, type, "No such container: cf-none\r\n"]);
});

describe("a request that cannot be met", () => {
  it.each([
    ["GET", "/containers/json?filters=xx", 400, "invalid filter"],
    ["GET", "/containers/json?filters=%7B%22a%22:%5B%22b%22%5D%7D", 400, "invalid filter 'a'"],
    ["GET", "/images/json?filters=xx", 400, "invalid filter"],
    ["GET", "/containers/cf-none/json", 404, "No such container: cf-none"],
    ["GET", "/containers/a/b/json", 404, "No such container: a/b"],
    ["GET", "/containers/cf-none/logs", 400, "Bad parameters: you must choose at least one stream"],
    ["POST", "/containers/cf-none/kill?signal=FOO", 400, "cannot kill container: cf-none: invalid signal: FOO"],
    [
      "POST",
      "/images/create?fromImage=UPPER",
      400,
      "invalid reference format: repository name (library/UPPER) must be lowercase",
    ],
    ["POST", "/images/create?fromImage=busybox&tag=a:b", 400, "invalid tag format"],
    ["GET", "/images/cf-none/json", 404, "No such image: cf-none:latest"],
    [
      "POST",
      "/images/busybox/tag?repo=UP",
      400,
      "invalid reference format: repository name (library/UP) must be lowercase",
    ],
    ["GET", "/containers/cf-none/export", 404, "No such container: cf-none"],
    ["GET", "/containers/cf-none/changes", 404, "No such container: cf-none"],
    ["GET", "/containers/cf-none/archive?path=/", 404, "No such container: cf-none"],
    ["POST", "/commit?container=cf-none", 404, "No such container: cf-none"],
    ["DELETE", "/containers/", 400, 'invalid name or ID supplied: ""'],
    ["DELETE", "/images/", 400, "image name cannot be blank"],
    ["GET", "/images/cf-none/get", 404, "No such image: cf-none"],
    ["POST", "/networks/bridge/connect", 400, 'invalid name or ID supplied: ""'],
    ["DELETE", "/plugins/cf-none", 404, 'plugin "cf-none" not found'],
    ["POST", "/containers/cf-none/rename", 400, "Neither old nor new names may be empty"],
    ["GET", "/exec/cf-none/json", 404, "No such exec instance: cf-none"],
    ["GET", "/events?since=5&until=2", 400, "`since` time (5) cannot be after `until` time (2)"],
    ["GET", "/volumes/cf-none", 404, "get cf-none: no such volume"],
    ["GET", "/networks/cf-none", 404, "network cf-none not found"],
    ["DELETE", "/networks/bridge", 403, "bridge is a pre-defined network and cannot be removed"],
    ["GET", "/plugins/cf-none/json", 404, 'plugin "cf-none" not found'],
  ])("%s %s answers %i: %s", async (method, path, status, message) => {
    const answer = await call(method, path);
    expect([answer.status, answer.json]).toEqual([status, { message }]);
  });

  it("says that there are no plugins", async () => {
    expect((await call("GET", "/plugins")).json).toEqual([]);
  });

  it.each(["a b", "_a", "a/b"])("POST /containers/create?name=%s", async (name) => {
    const { status, json } = await call("POST", `/containers/create?name=${encodeURIComponent(name)}`, {
      Image: "busybox",
    });
    expect([status, json]).toEqual([
      400,
      { message: `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed` },
    ]);
  });
});

describe("a reference", () => {
  it("to a container is its name, its ID or as much of that as no other has", async () => {
    const ids = new Set<string>();
    for (const name of ["cf-api-a", "cf-api-b"]) {
      const { json } = await call("POST", `/containers/create?name=${name}`, { Image: "busybox" });
      ids.add((json as { Id: string }).Id);
    }
    const [first = ""] = ids;
    for (const reference of ["cf-api-a", first, first.slice(0, 12)]) {
      const { json } = await call("GET", `/containers/${reference}/json`);
      expect((json as { Id: string }).Id).toBe(first);
    }
  });

  it("that fits more than one container is refused", async () => {
    // Of seventeen IDs two begin alike.
    const names = Array.from({ length: 17 }, (_, index) => `cf-many-${index}`);
    try {
      const ids: string[] = [];
      for (const name of names) {
        const { json } = await call("POST", `/containers/create?name=${name}`, { Image: "busybox" });
        ids.push((json as { Id: string }).Id);
      }
      const initial = "0123456789abcdef".split("").find((digit) => ids.filter((id) => id.startsWith(digit)).length > 1);
      const { status, json } = await call("GET", `/containers/${initial}/json`);
      expect(status).toBe(400);
      expect(json).toEqual({ message: `multiple IDs found with provided prefix: ${initial}` });
    } finally {
      for (const name of names) await call("DELETE", `/containers/${name}?force=1`);
    }
  });
});
