import { expect, test } from "vitest";
import type { Containers } from "./containers.ts";
import { Fixture, request } from "./test-engine.ts";

async function engine(): Promise<{ fixture: Fixture; containers: Containers }> {
  const fixture = new Fixture();
  return { fixture, containers: await fixture.open() };
}

test("create() refuses a name in use, one that is none, and an unknown image", async () => {
  const { containers } = await engine();
  const { Id } = await containers.create({ name: "web", request: request("busybox") });
  const again = (name: string, image = "busybox") => containers.create({ name, request: request(image) });
  await expect(again("/web")).rejects.toMatchObject({
    name: "Conflict",
    message: `Conflict. The container name "/web" is already in use by container "${Id}". You have to remove (or rename) that container to be able to reuse that name.`,
  });
  await expect(again("a b")).rejects.toThrow(
    "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
  );
  await expect(again("other", "nope")).rejects.toMatchObject({
    name: "NotFound",
    message: "No such image: nope:latest",
  });
});

test("create() gives one of two that ask for a name at once the name, and the other nothing", async () => {
  const { containers } = await engine();
  const results = await Promise.allSettled(
    [1, 2].map(() => containers.create({ name: "web", request: request("busybox") })),
  );
  expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(await containers.list({ all: true, size: false, limit: 0, filters: new Map() })).toHaveLength(1);
});

test("create() frees the name when the rest of it fails", async () => {
  const { fixture, containers } = await engine();
  const bad = request("busybox", { HostConfig: { Binds: ["/secret:/x"] } });
  await expect(containers.create({ name: "web", request: bad })).rejects.toThrow(
    'invalid mount config for type "bind": bind source path does not exist: /secret (share it with --share)',
  );
  await containers.create({ name: "web", request: request("busybox") });
  expect(fixture.snapshots.keys.size).toBe(1);
});

test("create() refuses what Docker refuses, in its words", async () => {
  const { containers } = await engine();
  const refused = (more: object, host: object = {}) =>
    containers.create({ request: request("busybox", { ...more, HostConfig: host }) }).then(
      () => "accepted",
      (error: Error) => error.message,
    );
  const said: readonly (readonly [object, object, string])[] = [
    [{}, { Memory: 1 << 20 }, "Minimum memory limit allowed is 6MB"],
    [{ WorkingDir: "rel" }, {}, "the working directory 'rel' is invalid, it needs to be an absolute path"],
    [{}, { CapAdd: ["foo"] }, 'invalid CapAdd: unknown capability: "CAP_FOO"'],
    [{ StopSignal: "FOO" }, {}, "invalid signal: FOO"],
    [{}, { NanoCpus: 100e9 }, "range of CPUs is from 0.01 to 1.00, as there are only 1 CPUs available"],
    [{}, { IpcMode: "foo" }, "invalid IPC mode: foo"],
    [{}, { PidMode: "container:nope" }, "No such container: nope"],
    [{}, { OomScoreAdj: 5000 }, "Invalid value 5000, range for oom score adj is [-1000, 1000]"],
    [
      {},
      { Binds: ["/a:rel"] },
      `invalid volume specification: '/a:rel': invalid mount config for type "bind": invalid mount path: 'rel' mount path must be absolute`,
    ],
    [
      {},
      { Binds: ["/a:/"] },
      `invalid volume specification: '/a:/': invalid mount config for type "bind": invalid specification: destination can't be '/'`,
    ],
    [{}, { Binds: ["/a:/x", "/b:/x"] }, "Duplicate mount point: /x"],
    [{}, { Binds: ["/a:/x:bad"] }, "invalid mode: bad"],
    [{}, { Tmpfs: { rel: "" } }, "invalid mount path: 'rel' mount path must be absolute"],
    [
      {},
      { Mounts: [{ Type: "bind", Source: "/nonexist", Target: "/x" }] },
      'invalid mount config for type "bind": bind source path does not exist: /nonexist',
    ],
    [{}, { SecurityOpt: ["foo=bar"] }, 'invalid --security-opt 2: "foo=bar"'],
    [{}, { LogConfig: { Type: "foo", Config: {} } }, 'error looking up logging plugin foo: plugin "foo" not found'],
    [{}, { LogConfig: { Type: "", Config: { foo: "1" } } }, "unknown log opt 'foo' for json-file log driver"],
    [
      {},
      { RestartPolicy: { Name: "foo", MaximumRetryCount: 0 } },
      "invalid restart policy: unknown policy 'foo'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
    ],
    [{}, { Runtime: "foo" }, "unknown or invalid runtime name: foo"],
  ];
  for (const [more, host, expected] of said) expect(await refused(more, host)).toBe(expected);
  expect(await containers.create({ request: request("empty") }).catch((error: Error) => error.message)).toBe(
    "no command specified",
  );
});

test("create() answers NotImplemented for what would otherwise be silently dropped", async () => {
  const { containers } = await engine();
  for (const host of [
    { PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] } },
    { PublishAllPorts: true },
    { Links: ["db:db"] },
    { NetworkMode: "backend" },
    { BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 1 }] },
  ]) {
    await expect(containers.create({ request: request("busybox", { HostConfig: host }) })).rejects.toMatchObject({
      name: "NotImplemented",
    });
  }
});

test("create() drops what the kernel cannot limit, and warns of it", async () => {
  const { containers } = await engine();
  const limits = { CpusetCpus: "0", BlkioWeight: 300, OomKillDisable: true, MemorySwappiness: 5 };
  const { Id, Warnings } = await containers.create({ request: request("busybox", { HostConfig: limits }) });
  const absent = "or the cgroup is not mounted.";
  expect(Warnings).toEqual([
    `Your kernel does not support memory swappiness capabilities ${absent} Memory swappiness discarded.`,
    "Your kernel does not support OomKillDisable. OomKillDisable discarded.",
    `Your kernel does not support cpuset ${absent} CPUset discarded.`,
    `Your kernel does not support Block I/O weight ${absent} Weight discarded.`,
  ]);
  const none = { CpusetCpus: "", BlkioWeight: 0, OomKillDisable: null, MemorySwappiness: null };
  expect((await containers.inspect(Id)).HostConfig).toMatchObject(none);
  expect((await containers.update(Id, { BlkioWeight: 5 })).Warnings).toHaveLength(1);
});

test("create() warns of an image for another machine, unless it was asked for", async () => {
  const { fixture, containers } = await engine();
  const platform = { os: "linux", architecture: "arm64", variant: "v8" };
  fixture.platforms.set("busybox", platform);
  expect((await containers.create({ request: request("busybox") })).Warnings).toEqual([
    "The requested image's platform (linux/arm64/v8) does not match the detected host platform (linux/386) and no specific platform was requested",
  ]);
  expect((await containers.create({ request: request("busybox"), platform })).Warnings).toEqual([]);
});

test("create() takes the volumes of other containers, but none that is in the way of its own", async () => {
  const { containers } = await engine();
  const binds = { Binds: ["data:/data", "/shared/x:/x:ro", "cache:/cache"] };
  await containers.create({ name: "donor", request: request("busybox", { HostConfig: binds }) });
  const taking = (...VolumesFrom: string[]) =>
    containers.create({ request: request("busybox", { HostConfig: { VolumesFrom, Binds: ["mine:/cache"] } }) });
  const { Id } = await taking("donor:ro");
  const points = (await containers.inspect(Id)).Mounts.map(({ Name, Source, Destination, RW }) => ({
    ...{ from: Name ?? Source, Destination, RW },
  }));
  expect(points).toEqual([
    { from: "data", Destination: "/data", RW: false },
    { from: "/shared/x", Destination: "/x", RW: false },
    { from: "mine", Destination: "/cache", RW: true },
  ]);
  for (const [text, reason] of [
    ["nope", "No such container: nope"],
    ["donor:bogus", "invalid mode: bogus"],
    ["", "volumes-from specification cannot be an empty string"],
  ] as const) {
    await expect(taking(text)).rejects.toMatchObject({ name: "InvalidParameter", message: reason });
  }
});

test("create() refuses what cannot go together with another's namespaces", async () => {
  const { containers } = await engine();
  await containers.create({ name: "other", request: request("busybox") });
  const refused = async (more: object, host: object) => {
    const outcome = containers.create({ request: request("busybox", { ...more, HostConfig: host }) });
    return outcome.then(
      () => "created",
      (error: Error) => `${error.name}: ${error.message}`,
    );
  };
  const shared = { NetworkMode: "container:other" };
  const conflicting = "InvalidParameter: conflicting options:";
  expect(await refused({}, shared)).toBe("created");
  expect(await refused({ Hostname: "x" }, shared)).toBe(`${conflicting} hostname and the network mode`);
  expect(await refused({ Hostname: "x" }, { UTSMode: "host" })).toBe(`${conflicting} hostname and the UTS mode`);
  expect(await refused({}, { ...shared, Dns: ["1.1.1.1"] })).toBe(`${conflicting} dns and the network mode`);
  expect(await refused({}, { PidMode: "container:none" })).toBe("InvalidParameter: No such container: none");
  expect(await refused({}, { NetworkMode: "container:" })).toBe(
    "InvalidParameter: invalid network mode: invalid container format container:<name|id>",
  );
});

test("start() names the container whose namespace is not there to be joined", async () => {
  const { containers } = await engine();
  const other = (await containers.create({ name: "other", request: request("sleeper") })).Id;
  const start = async (host: object) => {
    const { Id } = await containers.create({ request: request("busybox", { HostConfig: host }) });
    return containers.start(Id).then(
      () => "started",
      (error: Error) => `${error.name}: ${error.message}`,
    );
  };
  expect(await start({ NetworkMode: "container:none" })).toBe(
    "System: joining network namespace of container: No such container: none",
  );
  expect(await start({ NetworkMode: "container:other" })).toBe(
    "Conflict: cannot join network namespace of a non running container: container other is created",
  );
  expect(await start({ PidMode: "container:other" })).toBe(
    `System: failed to join PID namespace: container ${other} is not running`,
  );
  expect(await start({ IpcMode: "container:other" })).toBe(
    `System: failed to join IPC namespace: container ${other} is not running`,
  );
  await containers.start(other);
  expect(await start({ IpcMode: "container:other" })).toBe(
    `System: failed to join IPC namespace: container ${other}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  );
  expect(await start({ PidMode: "container:other", NetworkMode: "container:other" })).toBe("started");
});

test("create() takes from the image what the request leaves open", async () => {
  const { fixture, containers } = await engine();
  fixture.images.set("app", {
    Env: ["A=image", "B=image"],
    Entrypoint: ["echo"],
    Cmd: ["from", "image"],
    WorkingDir: "/srv",
    User: "alice",
    Labels: { of: "image" },
    Volumes: { "/data": {} },
  });
  await containers.create({
    name: "own",
    request: request("app", { Cmd: ["own"], Env: ["A=own"], Labels: { by: "me" } }),
  });
  const own = await containers.inspect("own");
  expect([own.Path, own.Args]).toEqual(["echo", ["own"]]);
  expect(own.Config).toMatchObject({
    Env: ["A=own", "B=image"],
    WorkingDir: "/srv",
    User: "alice",
    Labels: { of: "image", by: "me" },
    Hostname: own.Id.slice(0, 12),
  });
  expect(own.Mounts).toMatchObject([{ Type: "volume", Destination: "/data", Driver: "local", RW: true }]);
  await containers.create({ name: "entry", request: request("app", { Entrypoint: ["cat"] }) });
  const entry = await containers.inspect("entry");
  expect([entry.Path, entry.Args, entry.Config.Cmd]).toEqual(["cat", [], null]);
});

test("create() mounts an image's relative volumes below the root, and each place once", async () => {
  const { containers, fixture } = await engine();
  fixture.images.set("app", { Cmd: ["x"], Volumes: { data: {}, "/data/": {}, "./a/../b": {}, "../up": {} } });
  const { Id } = await containers.create({ request: request("app") });
  const { Mounts } = await containers.inspect(Id);
  expect(Mounts.map(({ Destination }) => Destination).sort()).toEqual(["/b", "/data", "/up"]);
  fixture.images.set("root", { Cmd: ["x"], Volumes: { "a/..": {} } });
  await expect(containers.create({ request: request("root") })).rejects.toThrow("destination can't be '/'");
});

test("a create that fails lets its image go and removes the anonymous volumes that it made", async () => {
  const { fixture, containers } = await engine();
  const more = { Volumes: { "/data": {} } };
  const apply = fixture.records.apply.bind(fixture.records);
  fixture.records.apply = () => Promise.reject(new Error("disk full"));
  await expect(containers.create({ request: request("busybox", more) })).rejects.toThrow("disk full");
  expect([fixture.held, fixture.volumes.users.size]).toEqual([0, 0]);
  fixture.records.apply = apply;
  await containers.create({ request: request("busybox", more) });
  expect([fixture.held, fixture.volumes.users.size]).toEqual([0, 1]);
});

test("start() mounts a volume with the flags of the volume's own options", async () => {
  const { fixture, containers } = await engine();
  fixture.volumes.flags = ["ro", "noexec"];
  const { Id } = await containers.create({ request: request("sleeper", { HostConfig: { Binds: ["data:/data"] } }) });
  await containers.start(Id);
  const mount = fixture.runtime.specs[0]?.mounts.find(({ destination }) => destination === "/data");
  expect(mount?.options).toEqual(["rbind", "ro", "noexec"]);
});

test("what is looked at when the container has its name gives that back, and is told of as a removal", async () => {
  const fixture = new Fixture();
  const containers = await fixture.open();
  await containers.create({ name: "taken", request: request("busybox") });
  const create = (name: string, HostConfig: object) =>
    containers.create({ name, request: request("busybox", { HostConfig }) });
  for (const [host, reason] of [
    [{ Binds: ["a/b:/x"] }, "includes invalid characters for a local volume name"],
    [{ VolumesFrom: ["nope"] }, "No such container: nope"],
    [{ SecurityOpt: ["nope"] }, 'invalid --security-opt 1: "nope"'],
    [{ StorageOpt: { size: "1G" } }, "--storage-opt is supported only for overlay over xfs"],
  ] as const) {
    await expect(create("taken", host)).rejects.toThrow("is already in use by container");
    await expect(create("free", host)).rejects.toThrow(reason);
  }
  await expect(create("taken", { Mounts: [{ Type: "bind", Target: "/m" }] })).rejects.toThrow("must not be empty");
  expect(await fixture.published("name")).toEqual(["create name=taken", ...Array(4).fill("destroy name=free")]);
});

test("create() looks at what the request says before it looks for the image", async () => {
  const containers = await new Fixture().open();
  await expect(containers.create({ request: request("nope", { StopSignal: "BOGUS" }) })).rejects.toThrow(
    "invalid signal: BOGUS",
  );
});

test("create() refuses in the order in which Docker looks", async () => {
  const containers = await new Fixture().open();
  const create = (HostConfig: object) => containers.create({ name: "-", request: request("busybox", { HostConfig }) });
  const bind = [{ Type: "bind", Target: "/m" }];
  await expect(create({ Mounts: bind, Runtime: "nope" })).rejects.toThrow("field Source must not be empty");
  await expect(create({ Annotations: { "": "x" }, Memory: 1 })).rejects.toThrow(
    "invalid Annotations: the empty string is not permitted as an annotation key",
  );
  await expect(create({ Tmpfs: { "/": "" } })).rejects.toThrow("invalid specification: destination can't be '/'");
  const nothing = request("nope", { NetworkingConfig: { EndpointsConfig: { bridge: null } } });
  await expect(containers.create({ request: nothing })).rejects.toThrow(
    "invalid config for network bridge: EndpointsConfig is nil",
  );
  await expect(create({ CpuShares: -1 })).rejects.toThrow("invalid CPU shares (-1)");
});
