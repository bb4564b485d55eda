import { expect, it } from "vitest";
import { guestBindSources, parseShares, SharedBindSources } from "./share-folders.ts";

const asNamed = (folder: string): string => folder;
const shares = parseShares(["/srv/data/:ro", "/srv/data/deep", "rel/../x:rw"], "/work", asNamed);
const binds = new SharedBindSources(shares, "/run/wherry/host", ["/tmp/d.sock"]);

const share = (name: number, path: string) => ({ root: `/run/wherry/host/shares/${name}`, path });

it.each([
  ["/srv/data", share(0, "")],
  ["/srv/data//a/./b/", share(0, "a/b")],
  ["/srv/data/deep/c", share(1, "c")],
  ["/work/x", share(2, "")],
  ["/srv/data/../data/a", share(0, "a")],
  ["/srv/data/../other", undefined],
  ["/srv/database", undefined],
  ["/etc", undefined],
  ["/", undefined],
  ["/var/run/docker.sock", { path: "/run/docker.sock" }],
  ["/tmp/d.sock", { path: "/run/docker.sock" }],
])("a bind source %s is found in the guest", (source, place) => {
  expect(binds.resolve(source)).toEqual(place);
});

it("the whole machine can be shared", () => {
  const all = new SharedBindSources(parseShares(["/"], "/", asNamed), "/h", []);
  expect(all.resolve("/")).toEqual({ root: "/h/shares/0", path: "" });
  expect(all.resolve("/etc/hosts")).toEqual({ root: "/h/shares/0", path: "etc/hosts" });
});

it("a share that is added decides of what is in it, and replaces a former one of the same folder", () => {
  const later = new SharedBindSources(parseShares(["/srv"], "/", asNamed), "/h", []);
  later.add({ folder: "/srv/file", readOnly: true, name: "a", within: "file" });
  expect(later.resolve("/srv/file")).toEqual({ root: "/h/shares/a", path: "file" });
  expect(later.resolve("/srv/other")).toEqual({ root: "/h/shares/0", path: "other" });
  later.add({ folder: "/srv/file", readOnly: false, name: "b", within: "new/file" });
  expect(later.resolve("/srv/file/x")).toEqual({ root: "/h/shares/b", path: "new/file/x" });
});

it("a read-only folder in a writable one is refused", () => {
  expect(() => parseShares(["/srv", "/srv/deep:ro"], "/", asNamed)).toThrow(
    "conflicting values for --share: /srv/deep is to be read-only, and is writable as a part of /srv",
  );
  expect(() => parseShares(["/srv", "/srv:ro"], "/", asNamed)).toThrow("conflicting values");
  expect(parseShares(["/srv", "/srv-deep:ro"], "/", asNamed)).toHaveLength(2);
});

it("a read-only folder in a writable one is refused when only symlinks say so", () => {
  const links: Readonly<Record<string, string>> = { "/ro": "/srv/x", "/rw": "/srv" };
  const realPath = (folder: string): string => links[folder] ?? folder;
  expect(() => parseShares(["/srv", "/ro:ro"], "/", realPath)).toThrow(
    "conflicting values for --share: /ro is to be read-only, and is writable as a part of /srv",
  );
  expect(() => parseShares(["/srv/x:ro", "/rw"], "/", realPath)).toThrow("writable as a part of /rw");
  expect(parseShares(["/srv/x", "/rw:ro"], "/", realPath).map(({ folder }) => folder)).toEqual(["/srv/x", "/rw"]);
});

it("in the guest sources are what they are", () => {
  expect(guestBindSources.resolve("/root/../w")).toEqual({ path: "/w" });
});
