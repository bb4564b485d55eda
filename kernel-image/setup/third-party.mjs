import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageFiles } from "../images/debian-package.mjs";
import { bundledPackages } from "./application.mjs";
import { dist, top } from "./paths.mjs";
import { staticLibrary } from "./toolchain.mjs";

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
      const licence = licences.get(pin.source) ?? `see copyright/${pin.name}`;
      const linked = pin.builtUsing.map((part) => `; linked with ${part.source} ${part.sourceVersion}`).join("");
      rows.push(`${pin.name} ${pin.version} (source ${pin.source} ${pin.sourceVersion}${linked}): ${licence}`);
      const text = await copyrightOf(debs[index] ?? "", pin.name);
      if (text) await writeFile(join(folder, pin.name), text);
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
    "Wherry is licensed under Apache-2.0. Its package carries the following works of others, unchanged but for the patches in",
    "kernel-image/crun/patches. `npm run sources` in a clone gathers their exact sources, patches and configuration.",
    "",
    "In the guest (dist/guest) and in the bundled images (dist/images), from Debian:",
    ...debian.map((line) => `  ${line}`),
    "",
    "In the bundles (dist/page, dist/node), from npm:",
    ...npm.map((line) => `  ${line}`),
    "",
    "The full texts are in the folder copyright.",
    "",
  ].join("\n");
}

/**
 * @param {string} deb
 * @param {string} name
 */
async function copyrightOf(deb, name) {
  const files = await packageFiles(deb);
  const path = `usr/share/doc/${name}/copyright`;
  // A few packages link their documentation to a sibling's.
  return files.find((file) => file.path === path && file.type === "file")?.data;
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
