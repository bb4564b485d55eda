import { appendFile, copyFile, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { artefact } from "./artefact.mjs";
import { SetupFailure } from "./failure.mjs";
import { unmetOptions } from "./kernel-config.mjs";
import { hashFiles, keyOf } from "./key.mjs";
import { applyPatches } from "./patches.mjs";
import { cache, recipe } from "./paths.mjs";
import { run } from "./run.mjs";
import { toolchain } from "./toolchain.mjs";

const folderOfRecipe = join(recipe, "linux");
const fragment = join(folderOfRecipe, "kernel.config");
const makeArguments = ["-s", "ARCH=i386"];

/** Equal input must give an equal kernel, so nothing of the building machine goes into it. */
const buildIdentity = { KBUILD_BUILD_USER: "wherry", KBUILD_BUILD_HOST: "wherry", KBUILD_BUILD_VERSION: "1" };

/**
 * The kernel: `bzImage`, its whole `config`, and `release` (`uname -r`).
 * @param {import("./packages.mjs").Packages} packages
 * @param {import("./progress.mjs").Progress} progress
 */
export async function kernel(packages, progress) {
  const source = await packages.get("linux-source-6.12");
  const key = keyOf({
    recipe: await hashFiles([fragment, join(folderOfRecipe, "patches")], recipe),
    source: source.version,
    sha256: source.sha256,
    toolchain: await toolchain(),
    makeArguments,
    ...buildIdentity,
  });
  const what = `Building the kernel, Linux ${source.version} (the longest step)`;
  const folder = await artefact(
    { name: "kernel", key, what, build: (into) => build(into, source, packages, progress) },
    progress,
  );
  return {
    folder,
    key,
    image: join(folder, "bzImage"),
    release: (await readFile(join(folder, "release"), "utf8")).trim(),
  };
}

/**
 * @param {string} folder
 * @param {import("./apt.mjs").DebianPackage} source
 * @param {import("./packages.mjs").Packages} packages
 * @param {import("./progress.mjs").Progress} progress
 */
async function build(folder, source, packages, progress) {
  if (/[\s:]/.test(folder))
    throw new SetupFailure(
      `Cannot build the kernel in ${cache}: Linux's makefiles allow no space and no colon there. WHERRY_CACHE names another folder.`,
    );
  const work = join(folder, "work");
  const tree = join(work, "linux");
  const output = join(work, "build");
  const log = join(folder, "build.log");
  for (const path of [tree, output]) await mkdir(path, { recursive: true });

  const [deb = ""] = await packages.download([source]);
  await run("dpkg-deb", ["-x", deb, join(work, "package")]);
  const archive = join(work, "package", "usr", "src", `${source.name}.tar.xz`);
  const timestamp = (await stat(archive)).mtime.toISOString().slice(0, 10);
  await run("tar", ["-xf", archive, "-C", tree, "--strip-components=1"]);
  await applyPatches(folderOfRecipe, tree);

  const make = (/** @type {string[]} */ ...targets) =>
    run("nice", ["-n", "5", "make", ...makeArguments, `O=${output}`, ...targets], {
      cwd: tree,
      log,
      env: { ...buildIdentity, KBUILD_BUILD_TIMESTAMP: timestamp },
    });
  await make("tinyconfig");
  const wanted = await readFile(fragment, "utf8");
  await appendFile(join(output, ".config"), wanted);
  await make("olddefconfig");
  const config = await readFile(join(output, ".config"), "utf8");
  const unmet = unmetOptions(wanted, config);
  if (unmet.length > 0)
    throw new SetupFailure(`Cannot configure the kernel as kernel.config asks:\n  ${unmet.join("\n  ")}`);
  await make(`-j${availableParallelism()}`, "bzImage");

  await copyFile(join(output, "arch/x86/boot/bzImage"), join(folder, "bzImage"));
  await copyFile(join(output, "include/config/kernel.release"), join(folder, "release"));
  await writeFile(join(folder, "config"), config);
  await rm(work, { recursive: true });
  const { size } = await stat(join(folder, "bzImage"));
  progress.say(`  bzImage has ${(size / 1e6).toFixed(1)} MB`);
}
