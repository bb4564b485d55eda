import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { conflict, notFound, notModified, unavailable } from "../errdefs/errors.ts";
import { ask, messageOf, noSuchContainer, routerWith } from "./fake-backends.ts";
import { type Operation, type OperationId, operationIds, operations } from "./operations.ts";
import { matchRoute } from "./route-table.ts";

it("the table names the 107 operations of API 1.51, each once, by paths that tell them apart", () => {
  expect(operationIds.length).toBe(107);
  for (const id of operationIds) {
    const { method, path } = operations[id];
    const example = path.replace(/\{\w+\}/g, "some%2Fname");
    const match = matchRoute(method, example);
    expect(match?.id, `${method} ${path}`).toBe(id);
    for (const value of match?.params.values() ?? []) expect(value).toBe("some/name");
  }
});

it("the table is that of Docker's own reference, in its order", () => {
  const table = operationIds.map((id) => `${id} ${operations[id].method} ${operations[id].path}\n`).join("");
  // Of the operationId, method and path of each operation in engine-v1.51.yaml.
  const reference = "e22658416dca90d527f5706f739deb29f3b76149b88de2ead23e4c7f02549b93";
  expect(createHash("sha256").update(table).digest("hex")).toBe(reference);
});

it("image names keep their slashes, escaped or not", () => {
  for (const path of ["/images/ghcr.io/a/b:1/json", "/images/ghcr.io%2Fa%2Fb%3A1/json"]) {
    const match = matchRoute("GET", path);
    expect([match?.id, match?.params.get("name")]).toEqual(["ImageInspect", "ghcr.io/a/b:1"]);
  }
  expect(matchRoute("GET", "/images/get")?.id).toBe("ImageGetAll");
  expect(matchRoute("GET", "/images/%zz/json")).toBeUndefined();
});

it("unknown paths and methods answer 404 page not found", async () => {
  const { router } = routerWith({});
  for (const line of [
    "GET /v1.51/nope",
    "GET /nope",
    "POST /v1.51/containers/json",
    "GET /vx.y/info",
    "GET /v1.99/nope",
  ]) {
    const response = await ask(router, line);
    expect([response.status, await messageOf(response)], line).toEqual([404, "page not found"]);
  }
});

it("versions outside 1.24 to 1.51 are refused in Docker's words, the old ones without JSON", async () => {
  const { router } = routerWith({});
  for (const version of ["1.52", "2.0", "1.51.2", "99.99"]) {
    const response = await ask(router, `GET /v${version}/_ping`);
    const message = `client version ${version} is too new. Maximum supported API version is 1.51`;
    expect([response.status, await messageOf(response)]).toEqual([400, message]);
    expect([response.headers.get("Api-Version"), response.headers.has("Docker-Experimental")]).toEqual(["1.51", false]);
  }
  for (const version of ["1.23", "1.10", "1", "0.1"]) {
    const response = await ask(router, `GET /v${version}/_ping`);
    expect([response.status, response.headers.get("Content-Type"), await response.text()]).toEqual([
      400,
      "text/plain; charset=utf-8",
      `client version ${version} is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version\n`,
    ]);
  }
  for (const path of ["/_ping", "/v1.24/_ping", "/v1.51/_ping"])
    expect((await ask(router, `GET ${path}`)).status).toBe(200);
});

it("OPTIONS is answered for every path, and paths with empty segments are redirected", async () => {
  const { router } = routerWith({});
  for (const path of ["/info", "/v1.51/nope"]) {
    const response = await ask(router, `OPTIONS ${path}`);
    expect([response.status, await response.text(), response.headers.get("Api-Version")]).toEqual([200, "", "1.51"]);
  }
  expect((await ask(router, "OPTIONS /v1.10/info")).status).toBe(400);
  for (const path of ["/containers//json?all=1", "//containers/json?all=1", "/containers/%2F/json?all=1"]) {
    const response = await ask(router, `GET ${path}`);
    expect([response.status, response.headers.get("Location")], path).toEqual([301, "/containers/json?all=1"]);
  }
});

it("a name at the end of a path may be missing", async () => {
  const networks = { list: async () => [], inspect: async () => Promise.reject(new Error("not this")) };
  const { router } = routerWith({ networks });
  expect(await (await ask(router, "GET /networks/")).json()).toEqual([]);
  expect(await messageOf(await ask(router, "DELETE /images/"))).toBe("image name cannot be blank");
  expect((await ask(router, "GET /containers/")).status).toBe(404);
});

it("a ping tells what clients negotiate with", async () => {
  const { router } = routerWith({});
  const response = await ask(router, "GET /_ping");
  expect(await response.text()).toBe("OK");
  expect(Object.fromEntries(response.headers)).toEqual({
    "api-version": "1.51",
    "builder-version": "1",
    "cache-control": "no-cache, no-store, must-revalidate",
    "content-length": "2",
    "content-type": "text/plain; charset=utf-8",
    "docker-experimental": "false",
    ostype: "linux",
    pragma: "no-cache",
    server: "Wherry/test (linux)",
    swarm: "inactive",
  });
  const head = await ask(router, "HEAD /_ping");
  expect([head.status, await head.text(), head.headers.get("Api-Version")]).toEqual([200, "", "1.51"]);
});

it("swarm operations answer as an engine outside a swarm", async () => {
  const { router } = routerWith({});
  for (const line of [
    "GET /v1.51/swarm",
    "GET /nodes",
    "DELETE /secrets/x",
    "GET /tasks/a/logs",
    "POST /services/create",
  ]) {
    const response = await ask(router, line);
    expect(response.status).toBe(503);
    expect(await messageOf(response)).toMatch(/^This node is not a swarm manager\. Use "docker swarm init"/);
  }
});

it("what is not built answers 501 and names itself, when what it is about is there", async () => {
  const missing = (text: string) => async (name: string) => {
    if (name !== "x") throw notFound(text.replace("NAME", name));
    return {} as never;
  };
  const { router } = routerWith({
    containers: { inspect: missing("No such container: NAME") },
    images: { inspect: missing("No such image: NAME:latest") },
  });
  for (const [line, id] of [
    ["POST /build", "ImageBuild"],
    ["POST /commit?container=x", "ImageCommit"],
    ["GET /images/get?names=x", "ImageGetAll"],
    ["POST /images/x/push", "ImagePush"],
    ["POST /swarm/init", "SwarmInit"],
    ["POST /plugins/pull", "PluginPull"],
    ["GET /containers/x/export", "ContainerExport"],
  ] as const) {
    const response = await ask(router, line);
    expect(response.status, line).toBe(501);
    expect(await messageOf(response)).toContain(`(${id}) is not implemented by this engine yet`);
  }
  for (const [line, message] of [
    ["GET /containers/y/export", "No such container: y"],
    ["PUT /containers/y/archive?path=/", "No such container: y"],
    ["POST /commit?container=y", "No such container: y"],
    ["GET /images/y/get", "No such image: y"],
    ["GET /images/get?names=x&names=y", "No such image: y"],
    ["POST /images/y/push", "An image does not exist locally with the tag: y"],
    ["DELETE /plugins/y", 'plugin "y" not found'],
  ] as const) {
    const response = await ask(router, line);
    expect([line, response.status, await messageOf(response)]).toEqual([line, 404, message]);
  }
  expect(router.implemented).toContain("ContainerCreate");
  expect(router.implemented).not.toContain("ContainerExport");
  // Whatever is about an object looks for it.
  for (const [id, { method, path, ...more }] of Object.entries<Operation>(operations)) {
    if (router.implemented.includes(id as OperationId) || more.swarm || !path.includes("{")) continue;
    expect([id, (await ask(router, `${method} ${path.replace(/\{\w+\}/, "y")}`)).status]).toEqual([id, 404]);
  }
});

it("errors become their status, and keep their text", async () => {
  const thrown = {
    404: noSuchContainer,
    409: async () => Promise.reject(conflict("cannot kill container: x: container y is not running")),
    503: async () => Promise.reject(unavailable("the guest is gone")),
    500: async () => Promise.reject(new RangeError("slip")),
  };
  for (const [status, kill] of Object.entries(thrown)) {
    const { router } = routerWith({ containers: { kill } });
    const response = await ask(router, "POST /containers/x/kill");
    expect(response.status).toBe(Number(status));
    expect(await messageOf(response)).toMatch(/No such container: x|not running|guest is gone|slip/);
  }
  const { router } = routerWith({ containers: { start: async () => Promise.reject(notModified("")) } });
  const unchanged = await ask(router, "POST /containers/x/start");
  expect([unchanged.status, await unchanged.text()]).toEqual([304, ""]);
});

it("an operation that takes the connection over needs an upgrade", async () => {
  const { router } = routerWith({ containers: { attach: async () => ({ tty: false }) } });
  expect((await ask(router, "POST /containers/x/attach?stream=1")).status).toBe(400);
});

it("a network is asked for with a truth, and a volume of a cluster is a swarm's", async () => {
  const { router } = routerWith({});
  const network = await ask(router, "GET /networks/none?verbose=no");
  expect([network.status, await messageOf(network)]).toEqual([
    400,
    'invalid value for verbose: no: strconv.ParseBool: parsing "no": invalid syntax',
  ]);
  const volume = await ask(router, "POST /volumes/create", '{"Name":"data","ClusterVolumeSpec":{}}');
  expect([volume.status, await messageOf(volume)]).toEqual([
    503,
    expect.stringMatching(/^This node is not a swarm manager/),
  ]);
});
