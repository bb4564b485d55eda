import { expect, it } from "vitest";
import { guestBindSources, SharedBindSources } from "./host-bind-sources.ts";
import { parseShares } from "./share-folders.ts";

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

it("in the guest sources are what they are", () => {
  expect(guestBindSources.resolve("/root/../w")).toEqual({ path: "/w" });
});
