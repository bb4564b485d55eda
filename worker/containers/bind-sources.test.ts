import { expect, it } from "vitest";
import { Fixture, request } from "./test-engine.ts";

const bound = (...Binds: string[]) => request("sleeper", { HostConfig: { Binds } });
const mounted = (Source: string) =>
  request("sleeper", { HostConfig: { Mounts: [{ Type: "bind", Source, Target: "/m" }] } });

it("sources in a shared folder are bound by the agent below their root, and the container gets what it bound", async () => {
  const fixture = new Fixture();
  const containers = await fixture.open();
  const { Id } = await containers.create({ request: bound("/plain:/p", "/shared/a/b:/m:ro", "/shared/c:/n") });
  expect(fixture.guestOperations).toEqual([]);
  await containers.start(Id);
  const folder = `/bundles/${Id}/binds`;
  expect(fixture.guestOperations).toEqual([
    { op: "mkdir", path: "/plain", mode: 0o755, parents: true },
    { op: "mkdir", path: folder, mode: 0o700, parents: true },
    { op: "mount", source: folder, target: folder, type: "bind", options: ["bind"] },
    { op: "bind", root: "/shares/0", source: "a/b", target: `${folder}/1`, make: true },
    { op: "bind", root: "/shares/0", source: "c", target: `${folder}/2`, make: true },
  ]);
  const mounts = fixture.runtime.specs[0]?.mounts.filter(({ destination }) => /^\/[mnp]$/.test(destination));
  expect(mounts?.map(({ source, destination, options }) => [destination, source, options.includes("ro")])).toEqual([
    ["/p", "/plain", false],
    ["/m", `${folder}/1`, true],
    ["/n", `${folder}/2`, false],
  ]);
  const { Mounts } = await containers.inspect(Id);
  expect(Mounts.map(({ Source }) => Source)).toEqual(["/plain", "/shared/a/b", "/shared/c"]);
});

it.each(["ENOENT", "EXDEV", "ELOOP", "ENOTDIR"])("--mount of a source that is %s is refused", async (code) => {
  const fixture = new Fixture();
  const containers = await fixture.open();
  fixture.bindRefusals.set("x", code);
  const text = 'invalid mount config for type "bind": bind source path does not exist: /shared/x';
  await expect(containers.create({ request: mounted("/shared/x") })).rejects.toMatchObject({
    name: "InvalidParameter",
    message: text,
  });
  expect(fixture.guestOperations).toEqual([{ op: "bind", root: "/shares/0", source: "x" }]);
  // What went after the container was made.
  fixture.bindRefusals.clear();
  const { Id } = await containers.create({ request: mounted("/shared/x") });
  fixture.bindRefusals.set("x", code);
  await expect(containers.start(Id)).rejects.toThrow(text);
  expect(fixture.runtime.specs).toEqual([]);
});

it.each([
  ["EXDEV", "file exists"],
  ["EEXIST", "file exists"],
  ["ENOTDIR", "not a directory"],
  ["EROFS", "read-only file system"],
])("-v of a source that cannot be made (%s) says so, and starts nothing", async (code, why) => {
  const fixture = new Fixture();
  const containers = await fixture.open();
  fixture.bindRefusals.set("x", code);
  const { Id } = await containers.create({ request: bound("/shared/x:/m") });
  await expect(containers.start(Id)).rejects.toThrow(
    `error while creating mount source path '/shared/x': mkdir /shared/x: ${why}`,
  );
  expect(fixture.runtime.specs).toEqual([]);
});
