import { mkdir } from "node:fs/promises";
import { join, posix } from "node:path";
import { parseFields } from "../setup/apt-sources.mjs";
import { configureDebian } from "./debian-configure.mjs";
import { dpkgState } from "./debian-dpkg.mjs";
import { packageControl, packageFiles } from "./debian-package.mjs";
import { FileTree } from "./file-tree.mjs";
import { addLinkerCache } from "./linker-cache.mjs";

/** @typedef {import("../setup/apt.mjs").DebianPackage} DebianPackage */
/** @typedef {import("./tar.mjs").TarEntry} TarEntry */

/**
 * An unpacked package: its files with merged-/usr paths resolved, and its control files by name.
 * @typedef {{ source: DebianPackage, files: TarEntry[], control: Map<string, Buffer>, fields: Map<string, string> }} Unpacked
 */

/** What a slim image leaves out; licences stay. */
const slim = [
  /^usr\/share\/(groff|info|linda|lintian|man)\/./,
  /^usr\/share\/locale\/(?!locale\.alias$)./,
  /^usr\/share\/doc\/(?!.*copyright$)./,
];

const mergedUsr = { bin: "usr/bin", sbin: "usr/sbin", lib: "usr/lib" };

/**
 * A slim Debian, put together from its packages without running anything: files are laid out in order, and what the
 * packages' maintainer scripts would do on a new system is done by rules. A comparison with what debootstrap makes of
 * the same packages keeps the rules honest.
 * @param {readonly DebianPackage[]} sources
 * @param {readonly string[]} debs
 * @param {string} work a folder for temporary files
 * @returns {Promise<import("./oci-layout.mjs").BundledImage>}
 */
export async function debian(sources, debs, work) {
  const packages = await Promise.all(sources.map((source, index) => unpack(source, debs[index] ?? "")));
  const newest = Math.max(...packages.flatMap(({ files }) => files.map(({ mtime }) => mtime)));
  const tree = new FileTree(newest);
  for (const [path, target] of Object.entries(mergedUsr)) tree.symlink(path, target);
  for (const { files } of packages) layOut(tree, files);
  const sourcesList = tree.text("usr/share/doc/apt/examples/sources.list");
  tree.removeWhere((path) => slim.some((pattern) => pattern.test(path)));
  const release = parseRelease(tree.text("usr/lib/os-release"));
  const codename = release.get("VERSION_CODENAME") ?? "stable";
  configureDebian(tree, sourcesList);
  dpkgState(tree, packages);
  const linking = join(work, "libraries");
  await mkdir(linking);
  await addLinkerCache(tree, linking);
  const version = tree.text("etc/debian_version").trim();
  return {
    repository: "docker.io/library/debian",
    tags: ["latest", codename, `${codename}-slim`],
    entries: tree.entries(),
    created: new Date(newest * 1000).toISOString(),
    madeBy: `COPY rootfs / # Debian ${version} (i386), ${packages.length} packages`,
    config: {
      Cmd: ["bash"],
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Labels: {
        "org.opencontainers.image.title": "debian",
        "org.opencontainers.image.description": `Debian ${version} (${codename}, slim) for i386, assembled by Wherry from Debian's packages; not the official image`,
        "org.opencontainers.image.version": version,
      },
    },
  };
}

/**
 * @param {DebianPackage} source
 * @param {string} deb
 * @returns {Promise<Unpacked>}
 */
async function unpack(source, deb) {
  const control = new Map((await packageControl(deb)).map(({ path, data }) => [path, Buffer.from(data ?? "")]));
  return {
    source,
    files: await packageFiles(deb),
    control,
    fields: parseFields(String(control.get("control") ?? "")),
  };
}

/**
 * @param {FileTree} tree
 * @param {readonly TarEntry[]} files
 */
function layOut(tree, files) {
  for (const entry of files) {
    if (entry.path === "") continue;
    const target = entry.type === "hardlink" ? { target: tree.resolve(posix.normalize(entry.target ?? "")) } : {};
    tree.add({ ...entry, ...target });
  }
}

/** @param {string} text */
function parseRelease(text) {
  return new Map([...text.matchAll(/^([A-Z_]+)="?(.*?)"?$/gm)].map(([, name, value]) => [name, value]));
}
