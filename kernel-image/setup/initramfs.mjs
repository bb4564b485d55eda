import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { artefact } from "./artefact.mjs";
import { writeCpio } from "./cpio.mjs";
import { filesBelow, hashFiles, keyOf } from "./key.mjs";
import { upstreamVersion } from "./packages.mjs";
import { recipe } from "./paths.mjs";
import { run } from "./run.mjs";

/** @typedef {import("./cpio.mjs").CpioEntry} CpioEntry */

const rootfs = join(recipe, "rootfs");

const debianPackages = ["busybox-static", "bash-static", "ncurses-base", "tini", "libc-bin"];

/** What bash asks of C.UTF-8: without it, it takes each byte of a letter beyond ASCII for a key of its own. */
const characters = "usr/lib/locale/C.utf8/LC_CTYPE";

/** Bumped when what `collect` makes of equal inputs changes. */
const layoutVersion = 2;

/** The host is one merged /usr, as Debian's is. */
const links = { bin: "usr/bin", sbin: "usr/sbin", lib: "usr/lib", "var/run": "../run", "var/lock": "../run/lock" };

/** Mount points and folders that programs expect. */
const folders = [
  ..."dev etc home media mnt opt proc root run srv sys tmp usr var".split(" "),
  ..."usr/bin usr/sbin usr/lib usr/local usr/local/bin usr/share run/lock".split(" "),
  ..."var/cache var/lib var/lib/docker var/log var/tmp".split(" "),
];

/** Terminal descriptions for what xterm.js and the usual multiplexers call themselves. */
const terminals = ["xterm", "xterm-256color", "linux", "vt100", "screen", "screen-256color", "tmux-256color", "dumb"];

/** Applets that would do harm or nothing here: the agent is PID 1, and there is no package system. */
const withoutApplets = new Set(["init", "linuxrc", "dpkg", "dpkg-deb", "rpm", "rpm2cpio"]);

/**
 * The guest's first filesystem, an uncompressed cpio archive: /init is the agent; beside it the host's shell and tools.
 * @param {{ crun: { key: string, program: string }, agent: { key: string, agent: string, docker: string } }} parts
 * @param {import("./packages.mjs").Packages} packages
 * @param {import("./progress.mjs").Progress} progress
 */
export async function initramfs(parts, packages, progress) {
  const taken = await Promise.all(debianPackages.map((name) => packages.get(name)));
  const key = keyOf({
    layoutVersion,
    rootfs: await hashFiles([rootfs], recipe),
    packages: taken.map(({ name, version, sha256 }) => `${name} ${version} ${sha256}`),
    crun: parts.crun.key,
    agent: parts.agent.key,
    shape: [...folders, ...Object.keys(links), ...terminals, ...withoutApplets, characters],
  });
  const build = async (/** @type {string} */ folder) => {
    const unpacked = join(folder, "work");
    await mkdir(unpacked);
    for (const deb of await packages.download(taken)) await run("dpkg-deb", ["-x", deb, unpacked]);
    const archive = writeCpio(await collect(unpacked, parts));
    await writeFile(join(folder, "initramfs.cpio"), archive);
    await rm(unpacked, { recursive: true });
    progress.say(`  initramfs.cpio has ${(archive.length / 1e6).toFixed(1)} MB`);
  };
  const folder = await artefact({ name: "initramfs", key, what: "Packing the initramfs", build }, progress);
  return {
    folder,
    key,
    image: join(folder, "initramfs.cpio"),
    init: upstreamVersion((await packages.get("tini")).version),
  };
}

/**
 * @param {string} unpacked where the Debian packages are
 * @param {{ crun: { program: string }, agent: { agent: string, docker: string } }} parts
 * @returns {Promise<CpioEntry[]>}
 */
async function collect(unpacked, parts) {
  const tree = new Tree();
  for (const path of folders) tree.folder(path, path === "root" ? 0o700 : /(^|\/)tmp$/.test(path) ? 0o1777 : 0o755);
  for (const [path, target] of Object.entries(links)) tree.add({ path, type: "symlink", target });
  tree.add({ path: "dev/console", type: "character", mode: 0o600, major: 5, minor: 1 });

  await tree.program("init", parts.agent.agent);
  await tree.program("usr/bin/docker", parts.agent.docker);
  await tree.program("usr/bin/crun", parts.crun.program);
  await tree.program("usr/bin/bash", join(unpacked, "bin/bash-static"));
  await tree.program("usr/bin/docker-init", join(unpacked, "usr/bin/tini-static"));
  await addBusybox(tree, join(unpacked, "bin/busybox"));
  for (const name of terminals) {
    const path = join("lib/terminfo", name.slice(0, 1), name);
    tree.file(`usr/${path}`, 0o644, await readFile(join(unpacked, path)));
  }
  tree.file(characters, 0o644, await readFile(join(unpacked, characters)));
  for (const file of await filesBelow(rootfs)) tree.file(relative(rootfs, file), 0o644, await readFile(file));
  return tree.entries;
}

/**
 * Busybox under the name of each of its tools: hard links, which cost the guest no inode.
 * @param {Tree} tree
 * @param {string} busybox
 */
async function addBusybox(tree, busybox) {
  const list = (await run(busybox, ["--list-full"])).split("\n");
  const names = list.map((line) => line.trim()).filter((line) => line && !withoutApplets.has(line.replace(/.*\//, "")));
  const paths = names.map((name) =>
    /(^|\/)sbin\//.test(name) ? `usr/sbin/${name.replace(/.*\//, "")}` : `usr/bin/${name.replace(/.*\//, "")}`,
  );
  const others = paths.filter((path) => path !== "usr/bin/busybox" && !tree.has(path));
  tree.add({ path: "usr/bin/busybox", type: "file", mode: 0o755, data: await readFile(busybox), links: others.sort() });
}

/** Collects entries; the folders that a file needs come before it. */
class Tree {
  /** @type {CpioEntry[]} */
  entries = [];
  #paths = new Set();

  /** @param {string} path */
  has(path) {
    return this.#paths.has(path);
  }

  /** @param {CpioEntry} entry */
  add(entry) {
    this.#paths.add(entry.path);
    this.entries.push(entry);
  }

  /**
   * @param {string} path
   * @param {number} mode
   */
  folder(path, mode) {
    if (!this.has(path)) this.add({ path, type: "directory", mode });
  }

  /**
   * @param {string} path
   * @param {number} mode
   * @param {Uint8Array} data
   */
  file(path, mode, data) {
    const parents = [];
    for (let parent = dirname(path); parent !== "."; parent = dirname(parent)) parents.unshift(parent);
    for (const parent of parents) this.folder(parent, 0o755);
    this.add({ path, type: "file", mode, data });
  }

  /**
   * @param {string} path
   * @param {string} source
   */
  async program(path, source) {
    this.file(path, 0o755, await readFile(source));
  }
}
