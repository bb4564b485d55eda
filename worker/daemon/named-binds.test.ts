import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { MemoryRecords } from "../metadata/memory.ts";
import type { HostTree } from "../vm/host-tree.ts";
import { folderPlaces } from "../vm/share-places.node.ts";
import { SharedBindSources } from "./host-bind-sources.ts";
import { NamedBinds } from "./named-binds.ts";

let folder: string;
let trees: Map<string, HostTree>;
let binds: SharedBindSources;
let records: MemoryRecords;
let create: (hostConfig: object, path?: string) => Promise<unknown>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "wherry-binds-"));
  mkdirSync(join(folder, "dir"));
  writeFileSync(join(folder, "dir", "file"), "content");
  symlinkSync("dir", join(folder, "link"));
  trees = new Map();
  records = new MemoryRecords();
  binds = new SharedBindSources([], "/h", ["/own.sock"]);
  const named = await open([]);
  create = async (HostConfig, path = "/v1.51/containers/create?name=x") => {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ Image: "busybox", HostConfig });
    const answer = await named.fetch(new Request(`http://docker${path}`, { method: "POST", headers, body }));
    expect(await answer.text()).toBe(body);
    return [...trees.keys()];
  };
});
/** `mounts` are those of a container that was made before. */
function open(mounts: readonly object[]): Promise<NamedBinds> {
  const api = {
    fetch: async (request: Request) =>
      request.method === "GET" ? Response.json([{ Mounts: mounts }]) : new Response(await request.text()),
    upgrade: () => Promise.reject(new Error("not asked for")),
  };
  const files = { share: (name: string, tree: HostTree) => void trees.set(name, tree) };
  return NamedBinds.open({ api, binds, files, places: folderPlaces, records });
}
afterEach(() => rmSync(folder, { recursive: true }));

const bind = (Source: string, RW: boolean) => ({ Type: "bind", Source, RW });

it("what was named to a former engine is shared for a container that never ran, as it was named", async () => {
  await create({ Binds: [`${folder}/dir:/a:ro`, `${folder}/link:/b`, `${folder}/new:/c`, `${folder}/other:/d`] });
  binds = new SharedBindSources([], "/h", []);
  trees.clear();
  // Made where it was named, it is still the same.
  mkdirSync(join(folder, "new"));
  await open([
    bind(`${folder}/dir`, true),
    bind(`${folder}/link`, true),
    bind(`${folder}/new`, true),
    { Type: "volume", Source: "/var/lib/docker/volumes/v", RW: true },
  ]);
  expect(binds.resolve(`${folder}/dir/x`)).toEqual({ root: "/h/shares/bind-0", path: "x" });
  expect(binds.resolve(`${folder}/new`)).toEqual({ root: "/h/shares/bind-2", path: "" });
  expect([...trees.values()].map(({ readOnly }) => readOnly)).toEqual([true, false, false]);
});

it("a container that nobody named anything for gets nothing, nor where a symlink was put by now", async () => {
  await create({ Binds: [`${folder}/dir:/a`] });
  rmSync(join(folder, "dir"), { recursive: true });
  symlinkSync("/etc", join(folder, "dir"));
  symlinkSync("/etc", join(folder, "made"));
  binds = new SharedBindSources([], "/h", []);
  trees.clear();
  await open([bind(`${folder}/dir`, true), bind(`${folder}/made`, true), bind("/etc", true)]);
  expect(trees.size).toBe(0);
  expect(binds.resolve(`${folder}/dir`)).toBeUndefined();
});

const names = (tree: HostTree | undefined) => tree?.readDirectory([]).map(({ name }) => name);

it("what a container is to bind is shared, with a name or through a symlink, and once", async () => {
  await create({ Binds: [`${folder}/dir:/a`, `${folder}/link:/b:ro`, "volume:/c"] });
  expect(binds.resolve(`${folder}/dir/x`)).toEqual({ root: "/h/shares/bind-0", path: "x" });
  expect(binds.resolve(`${folder}/link`)).toEqual({ root: "/h/shares/bind-1", path: "" });
  expect(names(trees.get("bind-1"))).toEqual(["file"]);
  expect([trees.get("bind-0")?.readOnly, trees.get("bind-1")?.readOnly]).toEqual([false, true]);
  expect(binds.resolve(folder)).toBeUndefined();
  expect(await create({ Binds: [`${folder}/dir:/a:ro`] })).toHaveLength(2);
  expect(await create({ Mounts: [{ Type: "bind", Source: `${folder}/link`, Target: "/b" }] })).toHaveLength(3);
  expect(binds.resolve(`${folder}/link`)).toEqual({ root: "/h/shares/bind-2", path: "" });
  expect(trees.get("bind-2")?.readOnly).toBe(false);
});

it("of a file, and of what is not there yet, nothing beside it is shared", async () => {
  writeFileSync(join(folder, "dir", "beside"), "");
  await create({ Binds: [`${folder}/link/file:/a`, `${folder}/new/deep:/b`] });
  expect(binds.resolve(`${folder}/link/file`)).toEqual({ root: "/h/shares/bind-0", path: "file" });
  expect(names(trees.get("bind-0"))).toEqual(["file"]);
  expect(binds.resolve(`${folder}/new/deep`)).toEqual({ root: "/h/shares/bind-1", path: "new/deep" });
  expect(names(trees.get("bind-1"))).toEqual([]);
});

it("a symlink that leads elsewhere by now is followed again", async () => {
  await create({ Binds: [`${folder}/link:/a`] });
  rmSync(join(folder, "link"));
  mkdirSync(join(folder, "other"));
  symlinkSync("other", join(folder, "link"));
  await create({ Binds: [`${folder}/link:/a`] });
  expect(binds.resolve(`${folder}/link`)).toEqual({ root: "/h/shares/bind-1", path: "" });
  expect(names(trees.get("bind-1"))).toEqual([]);
});

it("nothing is shared for other requests, nor for the engine's own socket", async () => {
  expect(await create({ Binds: [`${folder}/dir:/a`] }, "/containers/x/update")).toEqual([]);
  expect(await create({ Binds: ["/var/run/docker.sock:/a", "/own.sock:/b"] })).toEqual([]);
  expect(await create({ Binds: ["no"] })).toEqual([]);
});
