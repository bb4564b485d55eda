import { expect, test } from "vitest";
import { MemoryRecords } from "../metadata/memory.ts";
import { hostsFile, resolvConfFile, splitExtraHost } from "./etc-files.ts";
import { Networks } from "./networks.ts";
import { PredefinedSandboxes } from "./predefined.ts";
import type { SandboxRequest } from "./sandbox.ts";

const request: SandboxRequest = {
  containerId: "c1",
  hostname: "web",
  domainname: "",
  networkMode: "bridge",
  filesOf: "c1",
  extraHosts: [],
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  links: [],
  macAddress: "",
  exposed: [],
  publishAll: false,
  publishes: false,
  endpoints: {},
};
const sandboxes = new PredefinedSandboxes({ networkId: (name) => `id-${name}` });

test("hostsFile() has Docker's lines, what was added, and the container's own name", () => {
  const text = hostsFile(
    { ...request, domainname: "example.org", extraHosts: ["db:10.0.0.9", "six=[fd00::1]"] },
    "172.17.0.2",
  );
  expect(text.split("\n").slice(-4)).toEqual(["10.0.0.9\tdb", "fd00::1\tsix", "172.17.0.2\tweb.example.org web", ""]);
  expect(text).toContain("127.0.0.1\tlocalhost\n");
  expect(hostsFile({ ...request, hostname: "web.example.org" }, "1.2.3.4")).toMatch(/\tweb\.example\.org web\n$/);
  expect(splitExtraHost("name:fd00::1")).toEqual(["name", "fd00::1"]);
});

test("resolvConfFile() says what was chosen", () => {
  const text = resolvConfFile({ ...request, dns: ["1.1.1.1"], dnsSearch: ["example.org"], dnsOptions: ["ndots:1"] });
  expect(text).toContain("nameserver 1.1.1.1\nsearch example.org\noptions ndots:1\n");
  expect(text).toContain("# Overrides: [nameservers search options]");
});

test("a sandbox writes its files and names its network", async () => {
  const sandbox = await sandboxes.create(request);
  expect(sandbox.namespace).toBe("new");
  const places = sandbox.operations.map((operation) => ("path" in operation ? operation.path : operation.op));
  expect(places).toEqual([
    "unmount",
    "/var/lib/docker/containers/c1",
    "mount",
    sandbox.files.hosts,
    sandbox.files.hostname,
    sandbox.files.resolvConf,
  ]);
  expect(sandbox.settings.Networks.bridge).toMatchObject({ NetworkID: "id-bridge", IPAddress: "" });
  expect((await sandboxes.create({ ...request, networkMode: "host" })).namespace).toBe("host");
  const joined = await sandboxes.create({ ...request, networkMode: "container:other", filesOf: "owner" });
  expect([joined.namespace, joined.operations, joined.files.hosts]).toEqual([
    { container: "other" },
    [],
    "/var/lib/docker/containers/owner/hosts",
  ]);
});

test("ports that an image exposes are told where they could be published from, while it runs", async () => {
  const exposing = { ...request, exposed: ["80/tcp", "53/udp"] };
  expect((await sandboxes.create(exposing)).settings.Ports).toEqual({ "80/tcp": null, "53/udp": null });
  expect((await sandboxes.create({ ...exposing, networkMode: "none" })).settings.Ports).toEqual({});
  expect(sandboxes.idle(exposing, true).Ports).toEqual({});
});

test("validate() refuses what needs a bridge", () => {
  const bad: readonly Partial<SandboxRequest>[] = [
    { publishes: true },
    { publishAll: true },
    { links: ["a:b"] },
    { macAddress: "02:00:00:00:00:01" },
    { networkMode: "backend" },
    { endpoints: { backend: {} } },
    { extraHosts: ["host:host-gateway"] },
    { endpoints: { bridge: { IPAMConfig: { IPv4Address: "10.0.0.2" } } } },
    { endpoints: { default: { IPAMConfig: { IPv4Address: "10.0.0.2" } } } },
    { endpoints: { default: { MacAddress: "02:00:00:00:00:01" } } },
    { endpoints: { default: { Links: ["a:b"] } } },
    { endpoints: { default: { Aliases: ["web"] } } },
  ];
  for (const more of bad) {
    expect(() => sandboxes.validate({ ...request, ...more })).toThrow(
      expect.objectContaining({ name: "NotImplemented" }),
    );
  }
  sandboxes.validate({ ...request, endpoints: { bridge: {} } });
  expect(() => sandboxes.validate({ ...request, macAddress: "zz" })).toThrow(
    "invalid config for network bridge: invalid MAC address zz",
  );
  expect(() => sandboxes.validate({ ...request, extraHosts: ["bogus"] })).toThrow('bad format for add-host: "bogus"');
});

test("validate() passes over what Docker does where there is no endpoint, and refuses what Docker refuses", () => {
  for (const networkMode of ["host", "none"]) {
    const on = (more: Partial<SandboxRequest>) => sandboxes.validate({ ...request, networkMode, ...more });
    on({ publishes: true, publishAll: true, macAddress: "02:00:00:00:00:01" });
    expect(() => on({ endpoints: { [networkMode]: { IPAMConfig: { IPv4Address: "10.0.0.2" } } } })).toThrow(
      `invalid config for network ${networkMode}: invalid endpoint settings:\n* user specified IP address is supported on user defined networks only\n`,
    );
  }
  const links = ["a:b"];
  sandboxes.validate({ ...request, networkMode: "none", links });
  expect(() => sandboxes.validate({ ...request, networkMode: "host", links })).toThrow(
    "conflicting options: host type networking can't be used with links",
  );
  const endpoints = { "container:a": { IPAMConfig: { IPv4Address: "10.0.0.2" } } };
  expect(() => sandboxes.validate({ ...request, networkMode: "container:c2", endpoints })).toThrow(
    "invalid config for network container:a: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only",
  );
});

test("Networks lists, finds and keeps the three predefined ones", async () => {
  const records = new MemoryRecords();
  const now = () => new Date("2026-01-01T00:00:00Z");
  const networks = await Networks.open({ records, now });
  const all = await networks.list(new Map());
  expect(all.map(({ Name, Driver }) => [Name, Driver])).toEqual([
    ["bridge", "bridge"],
    ["host", "host"],
    ["none", "null"],
  ]);
  const bridge = await networks.inspect("bridge");
  expect((await networks.inspect(bridge.Id.slice(0, 10))).Name).toBe("bridge");
  expect((await Networks.open({ records, now })).id("bridge")).toBe(bridge.Id);
  expect(await networks.list(new Map([["driver", ["null"]]]))).toHaveLength(1);
  const named = async (name: string) => (await networks.list(new Map([["name", [name]]]))).map(({ Name }) => Name);
  expect([await named("o"), await named("^(no|br)"), await named("(")]).toEqual([
    ["host", "none"],
    ["bridge", "none"],
    [],
  ]);
  await expect(networks.list(new Map([["dangling", ["1", "x"]]]))).rejects.toThrow(
    'got more than one value for filter key "dangling"',
  );
  await expect(networks.inspect("nope")).rejects.toThrow("network nope not found");
  await expect(networks.remove("bridge")).rejects.toMatchObject({ name: "Forbidden" });
  await expect(networks.create({ Name: "mine" })).rejects.toMatchObject({ name: "NotImplemented" });
  await expect(networks.create({ Name: "bridge" })).rejects.toMatchObject({ name: "Forbidden" });
  await expect(networks.create({ Name: "" })).rejects.toThrow("invalid name: name is empty");
  await expect(networks.list(new Map([["type", ["bogus"]]]))).rejects.toThrow("invalid filter: 'type'='bogus'");
  await expect(networks.list(new Map([["dangling", ["x"]]]))).rejects.toThrow("invalid value for filter 'dangling'");
  await expect(networks.list(new Map([["foo", ["bar"]]]))).rejects.toThrow("invalid filter 'foo'");
});
