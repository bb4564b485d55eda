import { expect, test } from "vitest";
import type { Guest } from "../shim/guest.ts";
import { GuestError } from "../shim/guest.ts";
import type { Containers } from "./containers.ts";
import { parseDetachKeys } from "./detach-keys.ts";
import { planMounts } from "./mount-points.ts";
import { restartPause, restarts } from "./restart-policy.ts";
import { parseSignal } from "./signals.ts";
import { specMounts } from "./spec-mounts.ts";
import { Fixture, request } from "./test-engine.ts";
import { containerTop } from "./top.ts";

const sleeper = (more = {}) => request("sleeper", more);

async function three(): Promise<{ fixture: Fixture; containers: Containers }> {
  const fixture = new Fixture();
  const containers = await fixture.open();
  await containers.create({
    name: "first",
    request: sleeper({ Labels: { tier: "web" }, ExposedPorts: { "80/tcp": {} } }),
  });
  await containers.create({ name: "second", request: request("busybox", { Cmd: ["exit", "3"] }) });
  await containers.create({ name: "third", request: sleeper({ HostConfig: { Binds: ["data:/data"] } }) });
  await containers.start("first");
  const { result } = await containers.wait("second", { condition: "next-exit" });
  await containers.start("second");
  await result;
  return { fixture, containers };
}

test("list() filters as `docker ps` does", async () => {
  const { containers } = await three();
  const names = async (filters: Record<string, string[]>, all = true) =>
    (await containers.list({ all, size: false, limit: 0, filters: new Map(Object.entries(filters)) })).map(
      ({ Names }) => Names[0],
    );
  expect(await names({}, false)).toEqual(["/first"]);
  expect(await names({})).toEqual(["/third", "/second", "/first"]);
  expect(await names({ status: ["exited", "running"] }, false)).toEqual(["/second", "/first"]);
  expect(await names({ exited: ["3"] })).toEqual(["/second"]);
  expect(await names({ label: ["tier=web"] })).toEqual(["/first"]);
  expect(await names({ label: ["tier=db"] })).toEqual([]);
  expect(await names({ name: ["^/s", "third"] })).toEqual(["/third", "/second"]);
  expect(await names({ ancestor: ["busybox"] })).toEqual(["/second"]);
  expect(await names({ ancestor: ["nope"] })).toEqual([]);
  const ids = new Map(
    (await containers.list({ all: true, size: false, limit: 0, filters: new Map() })).map(({ Names, Id }) => [
      Names[0],
      Id,
    ]),
  );
  expect(await names({ id: [ids.get("/second")?.slice(0, 20) ?? ""] })).toEqual(["/second"]);
  expect(await names({ id: [""] })).toEqual([]);
  expect(await names({ isolation: ["x"], volume: ["data"] })).toEqual(["/third"]);
  expect(await names({ before: ["third"], since: ["first"] })).toEqual(["/second"]);
  expect(await names({ volume: ["data"] })).toEqual(["/third"]);
  expect(await names({ expose: ["80"] })).toEqual(["/first"]);
  expect(await names({ publish: ["1"], expose: ["80"] })).toEqual(["/first"]);
  expect(await names({ publish: ["80"] })).toEqual([]);
  expect(await names({ network: ["id-of-bri"] })).toEqual(["/second", "/first"]);
  expect(await names({ volume: ["/var/lib/docker/volumes/data/_data"] })).toEqual([]);
  expect(await names({ expose: ["80"], status: ["exited"] })).toEqual([]);
  expect(await names({ name: ["^(first|second)$"] })).toEqual(["/second", "/first"]);
  expect(await names({ name: ["(a+)+$"] })).toEqual([]);
  for (const [filters, message] of [
    [{ foo: ["bar"] }, "invalid filter 'foo'"],
    [{ before: ["nope"] }, "No such container: nope"],
    [{ "is-task": ["x"] }, "invalid filter 'is-task=[x]'"],
    [{ publish: ["bar"] }, 'error while looking up for publish bar: strconv.ParseUint: parsing "bar": invalid syntax'],
    [{ publish: ["1:2"] }, "filter for 'publish' should not contain ':': 1:2"],
    [{ publish: [""] }, "error while looking up for publish : Empty string specified for ports."],
    [{ "": ["x"] }, "invalid filter"],
    [
      { expose: ["1-70000"] },
      'error while looking up for expose 1-70000: strconv.ParseUint: parsing "70000": value out of range',
    ],
    [{ expose: ["9-8"] }, "error while looking up for expose 9-8: Invalid range specified for the Port: 9-8"],
    [{ exited: ["bar"] }, `invalid filter 'exited=bar': strconv.Atoi: parsing "bar": invalid syntax`],
    [
      { status: ["bar"] },
      "invalid filter 'status=bar': invalid value for state (bar): must be one of created, running, paused, restarting, removing, exited, dead",
    ],
  ] as const) {
    await expect(names(filters as unknown as Record<string, string[]>)).rejects.toThrow(message);
  }
});

test("list() shows the image's ID once its tag names another", async () => {
  const { fixture, containers } = await three();
  fixture.images.delete("busybox");
  const [second] = await containers.list({
    all: true,
    size: false,
    limit: 0,
    filters: new Map([["name", ["second"]]]),
  });
  expect(second).toMatchObject({ Image: "sha256:busybox", Command: "exit 3", State: "exited" });
});

test("a health check runs on its own clock, and three failures make it unhealthy", async () => {
  const fixture = new Fixture();
  const containers = await fixture.open();
  const Healthcheck = { Test: ["CMD", "false"], Interval: 1e9 };
  await containers.create({ name: "ill", request: sleeper({ Healthcheck }) });
  await containers.start("ill");
  const health = async () => (await containers.inspect("ill")).State.Health;
  expect(await health()).toMatchObject({ Status: "starting", FailingStreak: 0 });
  for (const streak of [1, 2, 3]) {
    await expect.poll(() => fixture.clock.sleeping).toContain(1000);
    fixture.clock.advance();
    await expect.poll(async () => (await health())?.FailingStreak).toBe(streak);
  }
  expect(await health()).toMatchObject({ Status: "unhealthy", FailingStreak: 3 });
  expect(await fixture.published()).toContain("health_status: unhealthy");
  await containers.kill("ill");
  expect(fixture.clock.sleeping).toEqual([]);
});

test("a paused container is unhealthy until a probe after its pause says otherwise", async () => {
  const fixture = new Fixture();
  const containers = await fixture.open();
  const Healthcheck = { Test: ["CMD", "true"], Interval: 1e9 };
  await containers.create({ name: "web", request: sleeper({ Healthcheck }) });
  await containers.start("web");
  const health = async () => (await containers.inspect("web")).State.Health?.Status;
  const probe = async () => {
    await expect.poll(() => fixture.clock.sleeping).toContain(1000);
    fixture.clock.advance();
  };
  await probe();
  await expect.poll(health).toBe("healthy");
  await containers.pause("web");
  expect(await health()).toBe("unhealthy");
  await probe();
  await containers.unpause("web");
  expect(await health()).toBe("unhealthy");
  await probe();
  await expect.poll(health).toBe("healthy");
});

test("events tell of the volumes and networks that a run takes and gives back", async () => {
  const fixture = new Fixture();
  const containers = await fixture.open();
  await containers.create({ name: "web", request: request("busybox", { HostConfig: { Binds: ["data:/data"] } }) });
  const { result } = await containers.wait("web", { condition: "next-exit" });
  await containers.start("web");
  await result;
  expect(await fixture.publishedOf(["container", "volume", "network"], "destination", "type")).toEqual([
    "create",
    "mount destination=/data",
    "connect type=bridge",
    "start",
    "disconnect type=bridge",
    "unmount",
    "die",
  ]);
});

test.each([
  [{ Cmd: ["missing"] }, "missing"],
  [{ User: "nope" }, "unable to find user nope"],
])(
  "a container that cannot be started takes its volumes and gives them back, and leaves the networks it did not join: %o",
  async (more, reason) => {
    const fixture = new Fixture();
    const containers = await fixture.open();
    const Binds = ["data:/data"];
    await containers.create({ name: "web", request: request("busybox", { ...more, HostConfig: { Binds } }) });
    await expect(containers.start("web")).rejects.toThrow(reason);
    expect(await fixture.publishedOf(["container", "volume", "network"], "destination", "type")).toEqual([
      "create",
      "mount destination=/data",
      "disconnect type=bridge",
      "unmount",
    ]);
  },
);

test("specMounts() mounts what was planned, with Docker's options", () => {
  const files = { hosts: "/f/hosts", hostname: "/f/hostname", resolvConf: "/f/resolv.conf" };
  const planned = planMounts(
    { Binds: ["/a:/w:ro", "named:/v"], Tmpfs: { "/t": "size=1m,exec" }, VolumeDriver: "" },
    { "/v": {}, "/anon": {} },
  );
  expect(planned.map(({ type, source, destination, copy }) => [type, source, destination, copy])).toEqual([
    ["bind", "/a", "/w", false],
    ["volume", "named", "/v", true],
    ["volume", "", "/anon", true],
  ]);
  const mounts = [
    {
      point: { Type: "bind", Source: "/a", Destination: "/w", Mode: "ro", RW: false, Propagation: "rprivate" },
      path: "/guest/a",
      anonymous: false,
      copy: false,
      create: true,
      recursive: true,
    },
  ] as const;
  expect(specMounts(mounts, { Tmpfs: { "/t": "size=1m,exec" }, ReadonlyRootfs: false }, files)).toEqual([
    { destination: "/t", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "rprivate", "size=1m", "exec"] },
    { destination: "/w", type: "bind", source: "/guest/a", options: ["rbind", "ro", "rprivate"] },
    { destination: "/etc/resolv.conf", type: "bind", source: "/f/resolv.conf", options: ["rbind", "rprivate"] },
    { destination: "/etc/hostname", type: "bind", source: "/f/hostname", options: ["rbind", "rprivate"] },
    { destination: "/etc/hosts", type: "bind", source: "/f/hosts", options: ["rbind", "rprivate"] },
  ]);
});

test("parseSignal() takes names and numbers", () => {
  expect(["TERM", "sigkill", "9", "RTMIN+3", "RTMAX", "+5", "-1"].map(parseSignal)).toEqual([15, 9, 9, 37, 64, 5, -1]);
  for (const bad of ["FOO", "0", "1.5", ""]) expect(() => parseSignal(bad)).toThrow(`invalid signal: ${bad}`);
});

test("parseDetachKeys() reads Docker's notation", () => {
  expect([...parseDetachKeys("ctrl-p,ctrl-q")]).toEqual([16, 17]);
  expect([...parseDetachKeys("a,ctrl-[")]).toEqual([97, 27]);
  expect(() => parseDetachKeys("ctrl-pp")).toThrow("Invalid detach keys (ctrl-pp) provided");
});

test("restarts() follows the policy", () => {
  const run = { exitCode: 1, stoppedByUser: false, restartCount: 2 };
  const policy = (Name: "no" | "always" | "on-failure" | "unless-stopped", MaximumRetryCount = 0) => ({
    Name,
    MaximumRetryCount,
  });
  expect(restarts(policy("no"), run)).toBe(false);
  expect(restarts(policy("always"), { ...run, exitCode: 0 })).toBe(true);
  expect(restarts(policy("unless-stopped"), { ...run, stoppedByUser: true })).toBe(false);
  expect(restarts(policy("on-failure"), run)).toBe(true);
  expect(restarts(policy("on-failure", 2), run)).toBe(false);
  expect(restarts(policy("on-failure"), { ...run, exitCode: 0 })).toBe(false);
  expect([restartPause(0, 0), restartPause(100, 0), restartPause(50_000, 0), restartPause(800, 10_000)]).toEqual([
    100, 200, 60_000, 100,
  ]);
});

test("containerTop() makes ps's tables of /proc", async () => {
  const files: Record<string, string> = {
    "/proc/uptime": "100.00 90.00\n",
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    "/proc/7/stat": `7 (odd) name)) S 1 7 7 34816 7 0 0 0 0 0 250 50 0 0 20 0 1 0 4000 0 0\n`,
    "/proc/7/status": "Name:\todd\nUid:\t0\t0\t0\t0\nVmSize:\t 2048 kB\nVmRSS:\t 1024 kB\n",
    "/proc/7/cmdline": "sleep\u00001000\u0000",
  };
  const guest: Partial<Guest> = {
    readFile: async (path) => {
      const text = files[path];
      if (text === undefined) throw new GuestError(2, "ENOENT", path);
      return new TextEncoder().encode(text);
    },
  };
  const now = new Date("2026-01-01T12:00:00Z");
  const top = (psArgs: string) => containerTop(guest as Guest, [7, 8], psArgs, { memory: 1 << 20, now });
  expect(await top("")).toEqual({
    Titles: ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"],
    Processes: [["root", "7", "1", "5", "11:59", "pts/0", "00:00:03", "sleep 1000"]],
  });
  expect((await top("aux")).Processes[0]?.slice(2, 6)).toEqual(["5.0", "100.0", "2048", "1024"]);
  expect((await top("axuw")).Processes[0]?.[7]).toBe("Ss+");
  await expect(top("-o pid=,comm")).rejects.toThrow("Couldn't find PID field in ps output");
  expect((await top("-eo pid,comm")).Titles).toEqual(["PID", "COMMAND"]);
  expect((await top("-f")).Titles[0]).toBe("UID");
  expect((await top("x")).Titles).toEqual(["PID", "TTY", "STAT", "TIME", "COMMAND"]);
  expect((await top("x")).Processes[0]?.[3]).toMatch(/^\d+:\d\d$/);
  await expect(top("-o pid,bogus")).rejects.toThrow('ps: error: unknown user-defined format specifier "bogus"');
  expect(await top("-o pid,comm")).toEqual({ Titles: ["PID", "COMMAND"], Processes: [["7", "odd) name)"]] });
  await expect(top("-o comm")).rejects.toThrow("Couldn't find PID field in ps output");
  expect((await top("-l")).Processes[0]?.slice(0, 9)).toEqual(["0", "S", "0", "7", "1", "5", "80", "0", "-"]);
  expect((await top("-o pid,lstart,etimes,start")).Processes[0]).toEqual([
    ...["7", "Thu Jan  1 11:59:00 2026", "60", "11:59:00"],
  ]);
  await expect(top("-Z")).rejects.toMatchObject({ name: "NotImplemented" });
});
