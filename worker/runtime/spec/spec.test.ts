import { expect, test } from "vitest";
import { completeHostConfig, mergeConfig } from "../../containers/merge-config.ts";
import { effectiveCapabilities } from "./capabilities.ts";
import { linuxResources, memoryShare } from "./resources.ts";
import { generateProcess, generateSpec, mergeEnvironment, type SpecOptions } from "./spec.ts";
import { resolveUser } from "./user.ts";

const database = {
  passwd:
    "# comment\nroot:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\nbad line\n1001:x:5:5::/five:/bin/sh",
  group: "root:x:0:\nalice:x:1000:\nstaff:x:50:alice\naudio:x:29:alice,root\n",
};

test("resolveUser() finds names and numbers, with their groups", () => {
  expect(resolveUser("", [], database)).toEqual({ uid: 0, gid: 0, additionalGids: [0, 29], home: "/root" });
  expect(resolveUser("alice", [], database)).toEqual({
    uid: 1000,
    gid: 1000,
    additionalGids: [1000, 50, 29],
    home: "/home/alice",
  });
  expect(resolveUser("55", ["audio"], database)).toEqual({ uid: 55, gid: 0, additionalGids: [0, 29], home: "/" });
  expect(resolveUser("alice:staff", [], database)).toMatchObject({ uid: 1000, gid: 50, additionalGids: [50] });
  expect(resolveUser("7:8", [], database)).toMatchObject({ uid: 7, gid: 8 });
  expect(() => resolveUser("1:2:3", [], database)).toThrow("unable to find group 2:3: no matching entries");
});

test("resolveUser() gives nobody the groups that have no members", () => {
  const { group } = database;
  expect(resolveUser("", [], { passwd: "", group })).toEqual({ uid: 0, gid: 0, additionalGids: [0], home: "/" });
  expect(resolveUser(":50", [], { passwd: "", group })).toMatchObject({ uid: 0, gid: 50, additionalGids: [50] });
});

test("resolveUser() takes a name that looks like a number for a name first", () => {
  expect(resolveUser("1001", [], database).uid).toBe(5);
});

test("resolveUser() refuses with Docker's texts", () => {
  const refused =
    (user: string, groups: string[] = []) =>
    () =>
      resolveUser(user, groups, database);
  expect(refused("foo")).toThrow("unable to find user foo: no matching entries in passwd file");
  expect(refused("root:foo")).toThrow("unable to find group foo: no matching entries in group file");
  expect(refused("99999999999")).toThrow("uids and gids must be in range 0-2147483647");
  expect(refused("", ["nope"])).toThrow("unable to find group nope: no matching entries in group file");
});

test("effectiveCapabilities() adds and drops", () => {
  expect(effectiveCapabilities([], [], false)).toHaveLength(14);
  expect(effectiveCapabilities(["sys_admin"], ["CAP_MKNOD"], false)).toContain("CAP_SYS_ADMIN");
  expect(effectiveCapabilities(["sys_admin"], ["CAP_MKNOD"], false)).not.toContain("CAP_MKNOD");
  expect(effectiveCapabilities(["net_admin"], ["ALL"], false)).toEqual(["CAP_NET_ADMIN"]);
  expect(effectiveCapabilities(["all"], ["kill"], false)).toHaveLength(40);
  expect(effectiveCapabilities([], [], true)).toHaveLength(41);
  expect(() => effectiveCapabilities(["foo"], [], false)).toThrow('unknown capability: "CAP_FOO"');
});

test("linuxResources() turns Docker's limits into OCI's", () => {
  expect(linuxResources({ Memory: 10 << 20 })).toEqual({ memory: { limit: 10 << 20, swap: 20 << 20 } });
  expect(linuxResources({ Memory: 10 << 20, MemorySwap: -1 })).toEqual({ memory: { limit: 10 << 20, swap: -1 } });
  expect(linuxResources({ NanoCpus: 5e8 })).toEqual({ cpu: { period: 100_000, quota: 50_000 } });
  expect(linuxResources({ PidsLimit: 20, CpuShares: 1 })).toEqual({ cpu: { shares: 2 }, pids: { limit: 20 } });
  expect(linuxResources({ PidsLimit: null })).toEqual({});
  expect(linuxResources({ PidsLimit: 0 })).toEqual({ pids: { limit: -1 } });
  expect(linuxResources({}, memoryShare(256 << 20))).toEqual({ memory: { limit: 160 << 20 } });
  expect(linuxResources({ Memory: 10 << 20, MemorySwap: -1 }, 160 << 20).memory).toEqual({ limit: 10 << 20, swap: -1 });
});

test.each([
  [
    ["HOME=", "A=1"],
    ["HOME=/root", "A=1"],
  ],
  [["A=1"], ["A=1", "HOME=/root"]],
  [["HOME=/x"], ["HOME=/x"]],
])("generateProcess() takes an empty HOME for none: %s", (env, expected) => {
  const process = generateProcess({
    host: { OomScoreAdj: 0, Ulimits: null },
    user: { uid: 0, gid: 0, home: "/root" },
    args: ["sh"],
    env,
    cwd: "",
    capabilities: [],
    noNewPrivileges: false,
  });
  expect(process.env).toEqual(expected);
});

test("mergeEnvironment() replaces in place, and takes away a name without a value", () => {
  expect(mergeEnvironment(["A=1", "B=2"], ["A=3", "B", "C="])).toEqual(["A=3", "C="]);
});

function specOf(host: Parameters<typeof completeHostConfig>[0], more: Partial<SpecOptions> = {}) {
  return generateSpec({
    id: "c".repeat(64),
    config: mergeConfig("c".repeat(64), { Cmd: ["sh"] }, {}),
    host: completeHostConfig(host),
    args: ["sh"],
    user: { uid: 0, gid: 0, home: "/root" },
    mounts: [],
    rootPath: "/r",
    joined: {},
    shm: undefined,
    seccompFilter: undefined,
    noNewPrivileges: false,
    devicesPresent: ["null", "kmsg", "fuse"],
    ...more,
  });
}

test("generateSpec() gives a plain container what Docker gives it", () => {
  const spec = specOf({});
  expect(spec.process.env).toEqual([
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOSTNAME=cccccccccccc",
    "HOME=/root",
  ]);
  expect(spec.mounts.map((mount) => mount.destination)).toEqual(
    "/proc /dev /dev/pts /sys /sys/fs/cgroup /dev/mqueue /dev/shm".split(" "),
  );
  expect(spec.mounts.at(-1)?.options).toContain("size=67108864");
  expect(spec.linux.namespaces.map(({ type }) => type)).toEqual(["mount", "network", "uts", "pid", "ipc", "cgroup"]);
  expect(spec.linux.cgroupsPath).toBe(`/docker/${"c".repeat(64)}`);
  expect(spec.linux.maskedPaths).toContain("/proc/kcore");
  expect(spec.linux.resources.devices?.[0]).toEqual({ allow: false, access: "rwm" });
});

test.each(["/proc", "/proc/sys", "/proc/1/x"])(
  "generateSpec() refuses a mount on %s, which would answer for the kernel",
  (destination) => {
    const mount = { destination, type: "bind", source: "/v", options: ["rbind"] };
    expect(() => specOf({}, { mounts: [mount] })).toThrow(
      `error during container init: error mounting "/v" to rootfs at "${destination}": create mountpoint for ${destination} mount: ` +
        `check proc-safety of ${destination} mount: "/r${destination}" cannot be mounted because it is `,
    );
  },
);

test.each([
  ["/proc", "/proc"],
  ["/x", "/proc/uptime"],
  ["/x", "/process"],
])("generateSpec() lets %s be mounted on %s", (source, destination) => {
  const mount = { destination, type: "bind", source, options: ["rbind"] };
  expect(specOf({}, { mounts: [mount] }).mounts).toContainEqual(mount);
});

test("generateSpec() puts the cgroup where its parent says, by a clean path", () => {
  const of = (CgroupParent: string) => specOf({ CgroupParent }).linux.cgroupsPath.replace(/c{64}$/, "ID");
  expect(["/docker/../x", "/docker//x/", "x", "../x", "/../..", "."].map(of)).toEqual([
    "/x/ID",
    "/docker/x/ID",
    "/docker/x/ID",
    "/x/ID",
    "/ID",
    "/docker/ID",
  ]);
});

test("generateSpec() opens everything with --privileged", () => {
  const spec = specOf({ Privileged: true });
  expect(spec.linux.maskedPaths).toBeUndefined();
  expect(spec.linux.resources.devices).toEqual([{ allow: true, access: "rwm" }]);
  expect(spec.linux.devices?.map((device) => device.path)).toEqual(["/dev/kmsg", "/dev/fuse"]);
  expect(spec.mounts.find((mount) => mount.destination === "/sys")?.options).not.toContain("ro");
});

test("generateSpec() keeps the host's namespaces where that was asked for", () => {
  const spec = specOf(
    { IpcMode: "host" },
    { joined: { network: "host", uts: "host", ipc: "host", pid: "/proc/7/ns/pid" }, shm: "/dev/shm" },
  );
  expect(spec.linux.namespaces).toEqual([
    { type: "mount" },
    { type: "pid", path: "/proc/7/ns/pid" },
    { type: "cgroup" },
  ]);
  expect(spec.hostname).toBeUndefined();
  expect(spec.mounts.at(-1)).toMatchObject({ destination: "/dev/shm", type: "bind" });
  expect(spec.linux.sysctl).toEqual({});
});

test("generateSpec() lets a mount of the user's take a default's place", () => {
  const bind = { destination: "/dev/shm", type: "bind", source: "/x", options: ["rbind"] };
  expect(specOf({}, { mounts: [bind] }).mounts.filter((mount) => mount.destination === "/dev/shm")).toEqual([bind]);
});
