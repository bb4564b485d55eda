import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { packageFiles } from "../images/debian-package.mjs";
import { bundledPackages } from "./application.mjs";
import { dist, top } from "./paths.mjs";
import { staticLibrary } from "./toolchain.mjs";

/** @typedef {import("../images/tar.mjs").TarEntry} TarEntry */

/** Whose work the bundled programs are, for what Debian's copyright files say at length. */
const licences = new Map(
  Object.entries({
    linux: "GPL-2.0-only WITH Linux-syscall-note",
    busybox: "GPL-2.0-only",
    bash: "GPL-3.0-or-later",
    crun: "GPL-2.0-or-later and LGPL-2.1-or-later",
    glibc: "LGPL-2.1-or-later",
    libseccomp: "LGPL-2.1-only",
    libcap2: "BSD-3-Clause or GPL-2.0-only",
    yajl: "ISC",
    ncurses: "X11",
    seabios: "LGPL-3.0-only",
    tini: "MIT",
  }),
);

/**
 * Writes dist/THIRD-PARTY: every package that the guest, the bundled images and the bundles are made of, with version,
 * source and licence; Debian's full copyright files go beside it.
 * @param {import("./packages.mjs").Packages} packages
 * @param {import("./progress.mjs").Progress} progress
 */
export async function thirdParty(packages, progress) {
  await progress.step("Listing third parties", async () => {
    const pins = await packages.all();
    const debs = await packages.download(pins);
    const folder = join(dist, "copyright");
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const { source, sourceVersion } = await staticLibrary();
    const rows = [`${source} ${sourceVersion} (linked into crun, the agent and docker): ${licences.get(source)}`];
    for (const [index, pin] of pins.entries()) {
      const files = await packageFiles(debs[index] ?? "");
      const document = copyrightOf(files, pin.name);
      const licence = licences.get(pin.source) ?? `see copyright/${document.name}`;
      const linked = pin.builtUsing.map((part) => `; linked with ${part.source} ${part.sourceVersion}`).join("");
      rows.push(`${pin.name} ${pin.version} (source ${pin.source} ${pin.sourceVersion}${linked}): ${licence}`);
      if (document.text) await writeFile(join(folder, pin.name), document.text);
      if (pin.name === "base-files") await writeCommonLicences(files, join(folder, commonLicences));
    }
    await writeFile(join(dist, "THIRD-PARTY"), document(rows.sort(), await npmPackages(folder)));
  });
}

/**
 * @param {readonly string[]} debian
 * @param {readonly string[]} npm
 */
function document(debian, npm) {
  return [
    "Wherry is licensed under Apache-2.0. Its package carries the following works of others. Linux and crun are changed by the",
    "patches in kernel-image/linux/patches and kernel-image/crun/patches, the rest is unchanged. `npm run sources` in a clone",
    "gathers their exact sources, patches and configuration.",
    "",
    "In the guest (dist/guest) and in the bundled images (dist/images), from Debian:",
    ...debian.map((line) => `  ${line}`),
    "",
    "In the bundles (dist/page, dist/node), from npm:",
    ...npm.map((line) => `  ${line}`),
    "",
    "The full texts are in the folder copyright; those that several packages share are in copyright/common-licenses.",
    "",
  ].join("\n");
}

/**
 * A few packages have no documentation of their own but a link to a sibling's.
 * @param {readonly TarEntry[]} files of the package
 * @param {string} name
 * @returns {{ name: string, text?: Uint8Array }}
 */
function copyrightOf(files, name) {
  const own = files.find(({ path, type }) => path === `usr/share/doc/${name}/copyright` && type === "file");
  if (own) return own.data ? { name, text: own.data } : { name };
  const link = files.find(({ path, type }) => path === `usr/share/doc/${name}` && type === "symlink");
  return { name: basename(link?.target ?? name) };
}

/** What the copyright files of Debian's packages refer to. */
const commonLicences = "common-licenses";

/**
 * Links become files, since a package of npm holds none.
 * @param {readonly TarEntry[]} files of the package that has them
 * @param {string} folder
 */
async function writeCommonLicences(files, folder) {
  await mkdir(folder);
  const texts = files.filter(({ path }) => dirname(path) === `usr/share/${commonLicences}`);
  for (const { path, target } of texts) {
    const name = basename(path);
    const text = texts.find((each) => basename(each.path) === basename(target ?? name))?.data;
    if (text) await writeFile(join(folder, name), text);
  }
}

/** @param {string} folder where their licences go */
async function npmPackages(folder) {
  const rows = [];
  for (const name of await bundledPackages()) {
    const home = join(top, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
    rows.push(`${name} ${version}: ${license}`);
    const file = (await readdir(home)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file) await copyFile(join(home, file), join(folder, `npm-${name.replace("/", "-")}`));
  }
  return rows;
}
