import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { olderDocker } from "../support/docker-version.ts";
import { type Daemon, startDaemon } from "../support/wherry.ts";

let daemon: Daemon;
let folder: string;
let share: string;
const docker = (...argv: string[]) => daemon.docker(argv);
const bound = (source: string, script: string, flags = "") =>
  docker("run", "--rm", "-v", `${share}/${source}:/m${flags}`, "busybox", "sh", "-c", script);
const mounted = (source: string) =>
  docker("run", "--rm", "--mount", `type=bind,src=${share}/${source},dst=/m`, "busybox", "ls", "/m");
/** Mounts that engines left in the guest, told by a container that sees its mounts. */
const leftovers = () =>
  docker("run", "--rm", "--privileged", "--pid", "host", "busybox", "grep", "-c", "/binds", "/proc/1/mounts");

const leadingOut: readonly (readonly [string, string])[] = [
  ["root", "/"],
  ["up", "../.."],
  ["beside", "../outside"],
  ["logs", "/var/log"],
  ["guest", "/run/wherry"],
  ["magic", "/proc/1/root"],
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wherry-links-"));
  share = join(folder, "shared");
  for (const name of ["shared/real/deep", "outside"]) await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(share, "real/file"), "of this machine\n");
  await writeFile(join(folder, "outside/secret"), "secret\n");
  for (const [name, target] of leadingOut) await symlink(target, join(share, name));
  await symlink(join(folder, "outside"), join(share, "absolute"));
  await symlink("real/deep", join(share, "within"));
  await symlink("../real/file", join(share, "real/around"));
  daemon = await startDaemon({ flags: ["--share", share] });
  await docker("pull", "-q", "busybox");
});
afterAll(async () => {
  await daemon?.stop();
  await rm(folder, { recursive: true, force: true });
});

it.each([...leadingOut.map(([name]) => name), "absolute"])(
  "a symlink out of the share is not followed: %s",
  async (name) => {
    for (const source of [name, `${name}/x`, `${name}/etc`]) {
      const made = await bound(source, "ls /m; echo x > /m/left");
      expect(made.stdout).toBe("");
      expect(made.stderr).toContain(`error while creating mount source path '${share}/${source}': mkdir `);
      const looked = await mounted(source);
      expect(looked.stdout).toBe("");
      expect(looked.stderr).toContain(`bind source path does not exist: ${share}/${source}${olderDocker ? "." : ""}\n`);
    }
    expect(await readdir(join(folder, "outside"))).toEqual(["secret"]);
    expect((await docker("ps", "-aq")).stdout).toBe("");
    expect((await leftovers()).stdout).toBe("0\n");
  },
);

it("a symlink inside the share is followed, to a folder and to a file", async () => {
  expect((await bound("within", "echo x > /m/made")).code).toBe(0);
  expect(await readFile(join(share, "real/deep/made"), "utf8")).toBe("x\n");
  expect((await bound("real/around", "cat /m")).stdout).toBe("of this machine\n");
  expect((await mounted("within")).stdout).toBe("made\n");
});

it("what is missing is made in the share, beyond a symlink too", async () => {
  expect((await bound("within/new/er", "echo x > /m/y")).code).toBe(0);
  expect(await readFile(join(share, "real/deep/new/er/y"), "utf8")).toBe("x\n");
});

it("a file, and a read-only mount", async () => {
  expect((await bound("real/file", "cat /m")).stdout).toBe("of this machine\n");
  const { stderr } = await bound("real", "cat /m/file; echo x > /m/new", ":ro");
  expect(stderr).toBe("sh: can't create /m/new: Read-only file system\n");
  expect(await readdir(join(share, "real"))).not.toContain("new");
});

it("a container can be started again, finds what became of the source, and leaves nothing mounted", async () => {
  await mkdir(join(share, "turns"));
  await docker("create", "--name", "again", "-v", `${share}/turns:/m`, "busybox", "touch", "/m/here");
  for (let i = 0; i < 2; i++) expect((await docker("start", "-a", "again")).code).toBe(0);
  expect(await readdir(join(share, "turns"))).toEqual(["here"]);
  await rm(join(share, "turns"), { recursive: true });
  await symlink("../outside", join(share, "turns"));
  expect((await docker("start", "-a", "again")).stderr).toContain("mkdir");
  expect(await readdir(join(folder, "outside"))).toEqual(["secret"]);
  await docker("run", "-d", "--name", "runs", "-v", `${share}/real:/m`, "busybox", "sleep", "1000");
  expect((await leftovers()).stdout).toBe("2\n");
  await docker("rm", "-f", "runs");
  // A start that fails later than the bind.
  const failed = await docker("run", "--rm", "-v", `${share}/real:/m`, "busybox", "nonexistent");
  expect(failed.code).toBe(127);
  await docker("rm", "again");
  expect((await leftovers()).stdout).toBe("0\n");
});
