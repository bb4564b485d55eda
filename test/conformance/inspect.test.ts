import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi } from "../support/api.ts";
import { olderDocker } from "../support/docker-version.ts";
import { type Engine, startEngine } from "../support/engine.ts";

/**
 * The members of each object that a real engine 28.5 answered, recorded with WHERRY_TEST_RECORD=1 and WHERRY_TEST_HOST at one. What may
 * differ between two engines is in docs/decisions/100.
 */
const fixture = fileURLToPath(new URL("../fixtures/engine-objects.json", import.meta.url));
const recording = process.env.WHERRY_TEST_RECORD === "1";
const recorded: Record<string, readonly string[]> = recording ? {} : JSON.parse(readFileSync(fixture, "utf8"));

let engine: Engine;
const docker = (...argv: string[]) => engine.docker(argv);

beforeAll(async () => {
  engine = await startEngine();
  const flags = [
    ..."--name cf-inspect -e A=b -v cf-inspect:/v --tmpfs /t -l x=y --memory 64m --restart on-failure:3".split(" "),
    ..."--health-cmd true --health-interval 1h --ulimit nofile=64 --cap-add NET_ADMIN --init -w /tmp -u 1".split(" "),
  ];
  const { code, stderr } = await docker("run", "-d", ...flags, "busybox", "sleep", "1000");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
afterAll(async () => {
  if (recording) writeFileSync(fixture, `${JSON.stringify(recorded, null, 2)}\n`);
  await docker("rm", "-f", "cf-inspect");
  await docker("volume", "rm", "cf-inspect");
  await engine?.stop();
});

/** Members whose own members are data, or tell of the kernel, the storage or the network. */
const opaque =
  /\.(Labels|GraphDriver\.Data|IPAM\.Config|Options|Containers|Config\.Env|RepoDigests|RepoTags|Volumes|stats|\w+_recursive)$/;

/** What only an engine on cgroup v1 tells, and what a container without an interface has none of. */
const absent = /^\.(memory_stats\.max_usage|(pre)?cpu_stats\.cpu_usage\.percpu_usage|networks)\b/;

/** Every member's path, an array standing for its first element. */
function members(value: unknown, path = ""): readonly string[] {
  if (opaque.test(path)) return [path];
  if (Array.isArray(value)) return [`${path}[]`, ...(value.length > 0 ? members(value[0], `${path}[]`) : [])];
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([name, member]) => members(member, `${path}.${name}`));
}

const filters = (name: string, value: string) => encodeURIComponent(JSON.stringify({ [name]: [value] }));

describe("has Docker's members", () => {
  it.each([
    ["a container", "/containers/cf-inspect/json"],
    ["a container in a list", `/containers/json?filters=${filters("name", "cf-inspect")}`],
    ["what runs in a container", "/containers/cf-inspect/top"],
    ["a container's statistics", "/containers/cf-inspect/stats?stream=false"],
    ["an image", "/images/busybox/json"],
    ["an image in a list", `/images/json?filters=${filters("reference", "busybox")}`],
    ["an image's history", "/images/busybox/history"],
    ["a volume", "/volumes/cf-inspect"],
    ["a network", "/networks/bridge"],
    ["a network in a list", `/networks?filters=${filters("name", "bridge")}`],
  ])("%s", async (name, path) => {
    const { status, json } = await callApi(engine.host, "GET", `/v1.51${path}`);
    expect(status).toBe(200);
    const found = [...new Set(members(json))].filter((member) => !absent.test(member)).sort();
    if (recording) recorded[name] = found;
    expect(found).toEqual(recorded[name]);
  });

  it("an exec", async () => {
    const body = { Cmd: ["true"], AttachStdout: true };
    const created = await callApi(engine.host, "POST", "/containers/cf-inspect/exec", { body });
    const { Id } = created.json as { readonly Id: string };
    const { json } = await callApi(engine.host, "GET", `/exec/${Id}/json`);
    const found = [...new Set(members(json))].sort();
    if (recording) recorded.exec = found;
    expect(found).toEqual(recorded.exec);
  });
});

describe("has Docker's values", () => {
  it.skipIf(olderDocker)("for what the docker command was told", async () => {
    const { json } = await callApi(engine.host, "GET", "/containers/cf-inspect/json");
    expect(json).toMatchObject({
      Path: "sleep",
      Args: ["1000"],
      Name: "/cf-inspect",
      Driver: "overlay2",
      Platform: "linux",
      State: { Status: "running", Running: true, ExitCode: 0, Error: "", OOMKilled: false, Dead: false },
      HostConfig: {
        Binds: ["cf-inspect:/v"],
        NetworkMode: "bridge",
        RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 },
        CapAdd: ["CAP_NET_ADMIN"],
        CapDrop: null,
        IpcMode: "private",
        ShmSize: 67108864,
        Memory: 67108864,
        MemorySwap: 134217728,
        Tmpfs: { "/t": "" },
        Ulimits: [{ Name: "nofile", Hard: 64, Soft: 64 }],
        Init: true,
        LogConfig: { Type: "json-file", Config: {} },
      },
      Mounts: [
        {
          Type: "volume",
          Name: "cf-inspect",
          Destination: "/v",
          Driver: "local",
          Mode: "z",
          RW: true,
          Propagation: "",
        },
      ],
      Config: {
        User: "1",
        WorkingDir: "/tmp",
        AttachStdin: false,
        AttachStdout: false,
        OpenStdin: false,
        Tty: false,
        Cmd: ["sleep", "1000"],
        Image: "busybox",
        Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 3_600_000_000_000 },
      },
    });
  });
});
