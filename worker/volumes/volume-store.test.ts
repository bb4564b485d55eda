import { beforeEach, describe, expect, it } from "vitest";
import { MemoryRecords } from "../metadata/memory.ts";
import { FakeGuest } from "../shim/fake-guest.ts";
import { VolumeStore } from "./volume-store.ts";

let records: MemoryRecords;
let guest: FakeGuest | undefined;
let events: string[];
let volumes: VolumeStore;

function open(): VolumeStore {
  return new VolumeStore({
    records,
    guest: () => guest,
    binds: {
      resolve: (source) => {
        if (source.startsWith("/secret")) return undefined;
        return source.startsWith("/shared/") ? { root: "/shares/0", path: source.slice(8) } : { path: source };
      },
    },
    events: { publish: (type, action, id) => void events.push(`${type} ${action} ${id}`) },
    clock: { now: () => new Date("2026-01-02T03:04:05.678Z") },
  });
}

beforeEach(() => {
  records = new MemoryRecords();
  guest = new FakeGuest();
  events = [];
  volumes = open();
});

const filters = (entries: Record<string, string[]>) => new Map(Object.entries(entries));
const names = async (given: Record<string, string[]> = {}) =>
  (await volumes.list(filters(given))).Volumes.map(({ Name }) => Name);
const path = (name: string) => `/var/lib/docker/volumes/${name}/_data`;

describe("VolumeStore", () => {
  it("create() makes a volume as Docker shows it, and answers the existing one", async () => {
    const volume = await volumes.create({ Name: "data" });
    expect(volume).toEqual({
      CreatedAt: "2026-01-02T03:04:05Z",
      Driver: "local",
      Labels: null,
      Mountpoint: path("data"),
      Name: "data",
      Options: null,
      Scope: "local",
    });
    expect(await volumes.create({ Name: "data", Labels: { other: "label" } })).toEqual(volume);
    expect(events).toEqual(["volume create data"]);
  });

  it("create() names anonymous volumes and marks them", async () => {
    const volume = await volumes.create({});
    expect(volume.Name).toMatch(/^[0-9a-f]{64}$/);
    expect(volume.Labels).toEqual({ "com.docker.volume.anonymous": "" });
  });

  // The texts are those of a real engine (28.5).
  it.each([
    [
      { Name: "a" },
      "InvalidParameter",
      "create a: volume name is too short, names should be at least two alphanumeric characters",
    ],
    [
      { Name: "a/b" },
      "InvalidParameter",
      'create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    ],
    [{ Name: ".." }, "InvalidParameter", "includes invalid characters"],
    [{ Name: "ok\n" }, "InvalidParameter", "includes invalid characters"],
    [{ Name: "n".repeat(256) }, "InvalidParameter", "file name too long"],
    [
      { Name: "vol", Driver: "foo" },
      "NotFound",
      'create vol: error looking up volume plugin foo: plugin "foo" not found',
    ],
    [{ Name: "vol", DriverOpts: { foo: "bar" } }, "InvalidParameter", 'create vol: invalid option: "foo"'],
    [{ Name: "vol", DriverOpts: { type: "nfs" } }, "InvalidParameter", 'create vol: missing required option: "device"'],
    [{ Name: "vol", DriverOpts: { type: "nfs", device: ":/x" } }, "NotImplemented", 'of type "nfs" are not supported'],
  ])("create(%o) is refused", async (request, name, message) => {
    await expect(volumes.create(request)).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
    expect(await names()).toEqual([]);
  });

  it("list() filters by name, label, driver and use", async () => {
    await volumes.create({ Name: "web-data", Labels: { tier: "web", live: "" } });
    await volumes.create({ Name: "db-data", Labels: { tier: "db" } });
    await volumes.acquire({ name: "db-data", container: "c1" });
    expect(await names()).toEqual(["db-data", "web-data"]);
    expect(await names({ name: ["web"] })).toEqual(["web-data"]);
    expect(await names({ name: ["^data", "db-"] })).toEqual(["db-data"]);
    expect(await names({ label: ["tier=web", "live"] })).toEqual(["web-data"]);
    expect(await names({ driver: ["loc"] })).toEqual([]);
    expect(await names({ dangling: ["true"] })).toEqual(["web-data"]);
    expect(await names({ dangling: ["0"] })).toEqual(["db-data"]);
    await expect(names({ dangling: ["maybe"] })).rejects.toThrow("invalid filter 'dangling=[maybe]'");
    await expect(names({ nope: ["1"] })).rejects.toThrow("invalid filter 'nope'");
  });

  it("remove() refuses a volume that containers use", async () => {
    await volumes.acquire({ name: "data", container: "c1" });
    await volumes.acquire({ name: "data", container: "c2" });
    await expect(volumes.remove("data", { force: true })).rejects.toMatchObject({
      name: "Conflict",
      message: "remove data: volume is in use - [c1, c2]",
    });
    await volumes.release("data", "c1");
    await volumes.release("data", "c2");
    await volumes.remove("data");
    expect(await names()).toEqual([]);
    expect(await records.list("volumes/")).toEqual([]);
  });

  it("remove() of a volume that is not there is an error unless forced", async () => {
    await expect(volumes.remove("none")).rejects.toMatchObject({
      name: "NotFound",
      message: "get none: no such volume",
    });
    await volumes.remove("none", { force: true });
    await expect(volumes.inspect("none")).rejects.toThrow("get none: no such volume");
  });

  it("prune() and usage() pass over what is a mount, in which there is no space to be had", async () => {
    await volumes.create({ Name: "mount", DriverOpts: { type: "tmpfs", device: "tmpfs" } });
    await volumes.create({ Name: "plain" });
    expect((await volumes.usage()).map(({ Name }) => Name)).toEqual(["plain"]);
    expect((await volumes.prune(filters({ all: ["1"] }))).VolumesDeleted).toEqual(["plain"]);
    expect(await names()).toEqual(["mount"]);
  });

  it("prune() takes anonymous volumes that nothing uses, and with `all` named ones", async () => {
    const used = await volumes.acquire({ container: "c1" });
    const unused = await volumes.create({});
    await volumes.create({ Name: "named" });
    await volumes.create({ Name: "kept", Labels: { keep: "yes" } });
    expect(await volumes.prune()).toEqual({ VolumesDeleted: [unused.Name], SpaceReclaimed: 0 });
    expect((await volumes.prune(filters({ all: ["1"], "label!": ["keep"] }))).VolumesDeleted).toEqual(["named"]);
    expect((await volumes.prune(filters({ label: ["keep"] }))).VolumesDeleted).toEqual([]);
    expect(await names()).toEqual([used.name, "kept"].sort());
    await expect(volumes.prune(filters({ all: ["nope"] }))).rejects.toThrow(
      `invalid filter 'all': strconv.ParseBool: parsing "nope": invalid syntax`,
    );
  });

  it("mount() lets one fill an empty volume, and others wait for that", async () => {
    await volumes.acquire({ name: "data", container: "c1" });
    const [first, ...others] = [1, 2, 3].map(() => volumes.mount("data"));
    const answered: boolean[] = [];
    for (const other of others) void other.then(({ fresh }) => answered.push(fresh));
    const filler = await first;
    expect(filler?.fresh).toBe(true);
    await new Promise((resolve) => setTimeout(resolve));
    expect(answered).toEqual([]);
    guest?.paths.add(`${path("data")}/file`);
    filler?.filled();
    await Promise.all(others);
    expect(answered).toEqual([false, false]);
  });

  it("mount() lets the next fill a volume that the first failed to fill, or that was lost meanwhile", async () => {
    await volumes.acquire({ name: "data", container: "c1" });
    const first = volumes.mount("data");
    const second = volumes.mount("data");
    (await first).filled();
    expect((await second).fresh).toBe(true);
    guest = new FakeGuest();
    volumes.reset();
    expect((await volumes.mount("data")).fresh).toBe(true);
  });

  it("mount() makes the folder once and says whether the volume is empty", async () => {
    await volumes.acquire({ name: "data", container: "c1" });
    for (let time = 0; time < 2; time++) {
      const mounted = await volumes.mount("data");
      expect(mounted.fresh).toBe(true);
      mounted.filled();
    }
    guest?.paths.add(`${path("data")}/file`);
    expect((await volumes.mount("data")).fresh).toBe(false);
    expect(guest?.calls).toBe(1);
    await volumes.release("data", "c1");
    await volumes.remove("data");
    expect([...(guest?.paths ?? [])].filter((made) => made.includes("data"))).toEqual([]);
  });

  it("mount() binds a folder that was named, below its share's root, and says why it cannot", async () => {
    const make = (Name: string, device: string, o = "bind", type = "none") =>
      volumes.create({ Name, DriverOpts: { type, device, o } });
    await make("plain", "/srv/data", "rbind,ro");
    await make("shared", "/shared/sub", "bind,ro");
    // Whatever its type says: the kernel does not look at it.
    await make("masked", "/shared/sub", "bind", "tmpfs");
    await make("secret", "/secret/x");
    expect(await volumes.mount("plain")).toMatchObject({ flags: ["ro"], fresh: false });
    expect(await volumes.mount("shared")).toMatchObject({ flags: ["ro"], fresh: false });
    expect(await volumes.mount("masked")).toMatchObject({ flags: [], fresh: true });
    expect(guest?.log.filter(({ op }) => op === "mount" || op === "bind")).toEqual([
      { op: "mount", source: "/srv/data", target: path("plain"), type: "bind", options: ["rbind", "ro"] },
      { op: "bind", root: "/shares/0", source: "sub", target: path("shared") },
      { op: "bind", root: "/shares/0", source: "sub", target: path("masked") },
    ]);
    await expect(volumes.mount("secret")).rejects.toMatchObject({
      name: "System",
      message: `error while mounting volume '${path("secret")}': failed to mount local volume: mount /secret/x:${path("secret")}, flags: 0x1000: no such file or directory`,
    });
  });

  it("mount() mounts what the options ask for, and remove() unmounts it", async () => {
    await volumes.create({ Name: "tmp", DriverOpts: { type: "tmpfs", device: "tmpfs", o: "size=1m,uid=5" } });
    await volumes.mount("tmp");
    expect(guest?.mounts).toMatchObject([{ type: "tmpfs", target: path("tmp"), options: ["size=1m", "uid=5"] }]);
    await volumes.remove("tmp");
    expect(guest?.mounts).toEqual([]);
  });

  it("mount() without a guest is an error", async () => {
    await volumes.create({ Name: "data" });
    guest = undefined;
    await expect(volumes.mount("data")).rejects.toMatchObject({ name: "System" });
    await volumes.remove("data");
  });

  it("reset() keeps names and tells which contents were lost", async () => {
    await volumes.create({ Name: "untouched" });
    await volumes.acquire({ name: "data", container: "c1" });
    await volumes.mount("data");
    volumes.reset();
    guest = new FakeGuest();
    expect((await volumes.inspect("untouched")).Status).toBeUndefined();
    expect((await volumes.inspect("data")).Status).toEqual({ Content: "lost with the guest that held it in memory" });
    await expect(volumes.remove("data")).rejects.toThrow("in use - [c1]");
    expect((await volumes.mount("data")).fresh).toBe(true);
    expect((await volumes.inspect("data")).Status).toBeUndefined();
  });

  it("load() finds the volumes of an engine that is gone", async () => {
    await volumes.create({ Name: "labelled", Labels: { a: "b" }, DriverOpts: { type: "tmpfs", device: "tmpfs" } });
    await volumes.create({ Name: "mounted" });
    await volumes.mount("mounted");
    volumes = open();
    await volumes.load();
    expect(await volumes.inspect("labelled")).toMatchObject({ Labels: { a: "b" }, Options: { type: "tmpfs" } });
    expect((await volumes.inspect("labelled")).Status).toBeUndefined();
    expect((await volumes.inspect("mounted")).Status).toBeDefined();
  });

  it("usage() counts users and bytes", async () => {
    await volumes.acquire({ name: "data", container: "c1" });
    await volumes.mount("data");
    expect(await volumes.usage()).toMatchObject([{ Name: "data", UsageData: { RefCount: 1, Size: 4096 } }]);
  });

  it("removeUnused() leaves a volume that something uses", async () => {
    await volumes.acquire({ name: "data", container: "c1" });
    await volumes.removeUnused("data");
    expect(await names()).toEqual(["data"]);
    await volumes.release("data", "c1");
    await volumes.removeUnused("data");
    await volumes.removeUnused("data");
    expect(await names()).toEqual([]);
  });
});
