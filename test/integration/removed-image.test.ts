import { readdir, readlink } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Daemon, startDaemon } from "../support/wherry.ts";

let daemon: Daemon;
const docker = (...argv: string[]) => daemon.docker(argv);
const layers = async () =>
  (await readdir(daemon.dataRoot, { recursive: true })).filter((name) => name.endsWith(".erofs"));

/** Files of layers that the engine has open, there or not: space is free only when nobody has them. */
async function openLayers(): Promise<readonly string[]> {
  const folder = `/proc/${daemon.process.pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => "")));
  return links.filter((link) => link.includes(".erofs"));
}

beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(async () => daemon?.stop());

it("an image that was removed and pulled again can be read", async () => {
  for (let round = 0; round < 2; round++) {
    await docker("pull", "-q", "busybox");
    expect(await docker("run", "--rm", "busybox", "cat", "/etc/passwd")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("root:x:0:0"),
    });
    expect([await layers(), await openLayers()]).not.toContainEqual([]);
    expect(await docker("rmi", "busybox")).toMatchObject({ code: 0 });
    expect([await layers(), await openLayers()]).toEqual([[], []]);
  }
});

it("layers of an image that was removed by force go with its last container", async () => {
  await docker("pull", "-q", "busybox");
  await docker("run", "--name", "last", "busybox", "true");
  expect(await docker("rmi", "-f", "busybox")).toMatchObject({ code: 0 });
  expect(await layers()).not.toEqual([]);
  expect(await docker("start", "-a", "last")).toMatchObject({ code: 0 });
  expect(await docker("rm", "last")).toMatchObject({ code: 0 });
  expect(await layers()).toEqual([]);
});
