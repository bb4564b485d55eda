import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { artefact } from "./artefact.mjs";
import { filesBelow, hashFiles, keyOf } from "./key.mjs";
import { upstreamVersion } from "./packages.mjs";
import { applyPatches } from "./patches.mjs";
import { recipe } from "./paths.mjs";
import { run } from "./run.mjs";
import { guestCFlags, guestLinkFlags, inParallel, toolchain } from "./toolchain.mjs";

const folderOfRecipe = join(recipe, "crun");
const libraries = ["libseccomp-dev", "libcap-dev", "libyajl-dev"];
const linked = ["-lcap", "-lseccomp", "-lyajl_s", "-lm"];

/** Parts that the guest has no use for: checkpoints (CRIU), a test program, JSON of other specifications' tests. */
const left = /(^|\/)(checkpoint|restore|validate|basic_test_.*|image_manifest_items_.*)\.c$/;

/**
 * The OCI runtime: `crun`, one static i386 program with seccomp, capabilities and the devices controller.
 * @param {import("./packages.mjs").Packages} packages
 * @param {import("./progress.mjs").Progress} progress
 */
export async function crun(packages, progress) {
  const source = await packages.get("crun");
  const linkedPackages = await Promise.all(libraries.map((name) => packages.get(name)));
  const key = keyOf({
    recipe: await hashFiles([folderOfRecipe], recipe),
    source: source.sourceVersion,
    libraries: linkedPackages.map(({ name, version, sha256 }) => `${name} ${version} ${sha256}`),
    toolchain: await toolchain(),
    flags: [...guestCFlags, ...guestLinkFlags, ...linked],
    left: left.source,
  });
  const what = `Building the OCI runtime, crun ${source.sourceVersion}`;
  const build = (/** @type {string} */ into) => compile(into, source, linkedPackages, packages);
  const folder = await artefact({ name: "crun", key, what, build }, progress);
  return { folder, key, program: join(folder, "crun"), version: upstreamVersion(source.sourceVersion) };
}

/**
 * crun's own configure script and libtool take longer than compiling, want Python, and find out about the wrong machine:
 * config.h says what they would.
 * @param {string} folder
 * @param {import("./apt.mjs").DebianPackage} source
 * @param {import("./apt.mjs").DebianPackage[]} linkedPackages
 * @param {import("./packages.mjs").Packages} packages
 */
async function compile(folder, source, linkedPackages, packages) {
  const work = join(folder, "work");
  const sysroot = join(work, "sysroot");
  const objects = join(work, "objects");
  await mkdir(objects, { recursive: true });
  for (const deb of await packages.download(linkedPackages)) await run("dpkg-deb", ["-x", deb, sysroot]);
  const tree = await unpackSource(await packages.downloadSource(source, join(work, "download")), join(work, "crun"));
  await applyPatches(folderOfRecipe, tree);

  const version = upstreamVersion(source.sourceVersion);
  const include = [
    folderOfRecipe,
    join(tree, "src"),
    join(tree, "libocispec/src"),
    join(tree, "libocispec/src/ocispec"),
  ];
  const flags = [
    ...guestCFlags,
    "-w", // Its warnings are not ours to mend.
    "-D_GNU_SOURCE",
    `-DPACKAGE_VERSION="${version}"`,
    `-DPACKAGE_STRING="crun ${version}"`,
    ...include.map((path) => `-I${path}`),
    "-isystem",
    join(sysroot, "usr/include"),
  ];
  const files = (await Promise.all(["src", "libocispec/src"].map((part) => filesBelow(join(tree, part))))).flat();
  const sources = files.filter((path) => path.endsWith(".c") && !left.test(path));
  await inParallel(sources, availableParallelism(), async (path) => {
    const object = join(objects, `${sources.indexOf(path)}-${basename(path, ".c")}.o`);
    await run("gcc", [...flags, "-c", path, "-o", object]);
  });
  const inputs = (await readdir(objects)).sort().map((name) => join(objects, name));
  const search = `-L${join(sysroot, "usr/lib/i386-linux-gnu")}`;
  await run("gcc", [...guestLinkFlags, "-o", join(folder, "crun"), ...inputs, search, ...linked]);
  await rm(work, { recursive: true });
}

/**
 * Unpacks a Debian source package of format "3.0 (quilt)" with its patches applied, without dpkg-dev.
 * @param {readonly string[]} files the .dsc and the archives
 * @param {string} tree
 */
async function unpackSource(files, tree) {
  const original = files.find((path) => /\.orig\.tar\.\w+$/.test(path)) ?? "";
  const debian = files.find((path) => /\.debian\.tar\.\w+$/.test(path)) ?? "";
  await mkdir(tree, { recursive: true });
  await run("tar", ["-xf", original, "-C", tree, "--strip-components=1"]);
  await run("tar", ["-xf", debian, "-C", tree]);
  const series = await readFile(join(tree, "debian/patches/series"), "utf8").catch(() => "");
  for (const line of series.split("\n")) {
    const name = line.replace(/\s*#.*$/, "").trim();
    if (name) await run("patch", ["-s", "-p1", "-i", join(tree, "debian/patches", name)], { cwd: tree });
  }
  return tree;
}
