import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OperationId, operations } from "../../worker/api/operations.ts";
import { callApi } from "../support/api.ts";
import { olderDocker } from "../support/docker-version.ts";
import { type Daemon, startDaemon } from "../support/wherry.ts";

let daemon: Daemon;
const docker = (...argv: string[]) => daemon.docker(argv);

beforeAll(async () => {
  daemon = await startDaemon();
  // It runs, so that no prune takes it away.
  await docker("run", "-d", "--name", "nb-there", "busybox", "sleep", "10000");
});
afterAll(() => daemon?.stop());

const swarm =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** What this version leaves out, whole. Whatever is built is to be taken from this list. */
const notBuilt: readonly OperationId[] = [
  "ContainerExport",
  "ContainerAttachWebsocket",
  "ContainerArchiveInfo",
  "ContainerArchive",
  "PutContainerArchive",
  "ImageBuild",
  "ImagePush",
  "ImageSearch",
  "ImageCommit",
  "ImageGet",
  "ImageGetAll",
  "ImageLoad",
  "ContainerChanges",
  "GetPluginPrivileges",
  "PluginPull",
  "PluginDelete",
  "PluginEnable",
  "PluginDisable",
  "PluginUpgrade",
  "PluginCreate",
  "PluginPush",
  "PluginSet",
  "SwarmInit",
  "SwarmJoin",
  "Session",
];

describe("every operation of the Engine API", () => {
  it.each(Object.entries(operations))("%s is known", async (id, operation) => {
    // What is built says that there is no such object, and nothing is changed; what is not built is asked of one that is there.
    const left = notBuilt.includes(id as OperationId);
    const subject = left ? (operation.path.startsWith("/images") ? "busybox" : "nb-there") : "nb-none";
    const path = operation.path.replace(/\{\w+\}/g, subject) + (id === "ImageCommit" ? "?container=nb-there" : "");
    if (id === "SystemEvents") return;
    const { status, text, json } = await callApi(daemon.host, operation.method, `/v1.51${path}`);
    const message = (json as { readonly message?: unknown } | undefined)?.message;
    expect([id, message]).not.toEqual([id, "page not found"]);
    if ("swarm" in operation && operation.swarm)
      expect([id, status, message]).toEqual([id, 503, typeof operation.swarm === "string" ? operation.swarm : swarm]);
    else if (left && /^\/plugins\/\{/.test(operation.path)) {
      expect([id, status, message]).toEqual([id, 404, 'plugin "nb-there" not found']);
    } else if (left) {
      expect([id, status]).toEqual([id, 501]);
      if (operation.method === "HEAD") return;
      expect(message).toBe(`${operation.method} ${operation.path} (${id}) is not implemented by this engine yet`);
    } else {
      expect([id, status === 501, text]).toEqual([id, false, text]);
      // An attach says it in bare text.
      if (operation.method !== "HEAD" && status >= 400 && id !== "ContainerAttach")
        expect(typeof message).toBe("string");
    }
  });

  it("there are 107", () => {
    expect(Object.keys(operations)).toHaveLength(107);
  });
});

describe("what is not supported yet is refused, and nothing is made", () => {
  const only = "containers have a loopback interface only";
  it.each([
    [["-p", "8080:80"], `publishing ports (--publish) is not supported yet: ${only}`],
    [["-P"], `publishing ports (--publish-all) is not supported yet: ${only}`],
    [["--link", "other:alias"], `linking containers (--link) is not supported yet: ${only}`],
    [["--network", "mine"], `network "mine" is not supported yet: ${only}`],
    [["--mac-address", "02:00:00:00:00:01"], `a chosen MAC address (--mac-address) is not supported yet: ${only}`],
    [["--add-host", "me:host-gateway"], `the address host-gateway (--add-host) is not supported yet: ${only}`],
  ])("docker create %j", (flags, message) => refuses(flags, message));

  // An older command says nothing of it to the engine.
  it.skipIf(olderDocker)("docker create --ip", () =>
    refuses(["--ip", "10.0.0.2"], `a chosen IP address (--ip) is not supported yet: ${only}`),
  );

  const refuses = async (flags: readonly string[], message: string) => {
    const { code, stderr } = await docker("create", "--name", "nb-one", ...flags, "busybox");
    expect(code).toBe(1);
    expect(stderr).toContain(`Error response from daemon: `);
    expect(stderr).toContain(message);
    expect((await docker("ps", "-a", "--format", "{{.Names}}")).stdout).toBe("nb-there\n");
  };

  it("with the status 501", async () => {
    const body = { Image: "busybox", HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "80" }] } } };
    expect((await callApi(daemon.host, "POST", "/containers/create", { body })).status).toBe(501);
  });

  it("docker network create", async () => {
    const { code, stderr } = await docker("network", "create", "mine");
    expect([code, stderr]).toEqual([
      1,
      "Error response from daemon: networks of your own are not supported yet: use bridge, host or none (network_mode in a compose file)\n",
    ]);
    expect((await docker("network", "ls", "--format", "{{.Name}}")).stdout.trim().split("\n").sort()).toEqual([
      "bridge",
      "host",
      "none",
    ]);
  });
});

describe("requests that are too large", () => {
  it("in their body are refused", async () => {
    const body = JSON.stringify({ Image: "busybox", Labels: { a: "x".repeat(9 << 20) } });
    const { status, json } = await callApi(daemon.host, "POST", "/containers/create", { body });
    expect([status, json]).toEqual([400, { message: `request body too large: more than ${8 << 20} bytes` }]);
  });

  it("in their head are refused", async () => {
    const headers = { "x-long": "x".repeat(100_000) };
    expect((await callApi(daemon.host, "GET", "/_ping", { headers })).status).toBe(431);
    expect((await callApi(daemon.host, "GET", "/_ping")).text).toBe("OK");
  });
});
