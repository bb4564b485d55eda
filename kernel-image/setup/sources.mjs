import { copyFile, cp, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { SetupFailure } from "./failure.mjs";
import { kernel } from "./kernel.mjs";
import { dist, recipe } from "./paths.mjs";
import { thirdParty } from "./third-party.mjs";
import { staticLibrary } from "./toolchain.mjs";

/**
 * Gathers in dist/sources what everything in the guest and the bundled images was made from: Debian's source packages in
 * the exact versions, Wherry's patches and the kernel's whole configuration.
 * @param {import("./packages.mjs").Packages} packages
 * @param {import("./progress.mjs").Progress} progress
 */
export async function gatherSources(packages, progress) {
  const folder = join(dist, "sources");
  await mkdir(folder, { recursive: true });
  const pins = await packages.all();
  // linux-source is itself the source, with Debian's patches applied.
  const isSource = (/** @type {{ name: string }} */ { name }) => name.startsWith("linux-source-");
  await progress.step("Copying the kernel's source and configuration", async () => {
    for (const deb of await packages.download(pins.filter(isSource))) await copyFile(deb, join(folder, basename(deb)));
    await copyFile(join((await kernel(packages, progress)).folder, "config"), join(folder, "kernel.config"));
  });
  const linked = [...pins.flatMap(({ builtUsing }) => builtUsing), await staticLibrary()];
  const wanted = new Map(
    [...pins.filter((pin) => !isSource(pin)), ...linked].map((pin) => [`${pin.source}=${pin.sourceVersion}`, pin]),
  );
  /** @type {string[]} */
  const missing = [];
  for (const [name, pin] of [...wanted].sort(([a], [b]) => (a < b ? -1 : 1)))
    await progress.step(`Fetching the source of ${name}`, async () => {
      try {
        await packages.downloadSource(pin, join(folder, pin.source));
      } catch (error) {
        if (!(error instanceof SetupFailure)) throw error;
        missing.push(`${name}: ${reasonOf(error)}`);
      }
    });
  await cp(recipe, join(folder, "kernel-image"), { recursive: true });
  await thirdParty(packages, progress);
  await copyFile(join(dist, "THIRD-PARTY"), join(folder, "THIRD-PARTY"));
  await writeFile(join(folder, "README"), readme);
  if (missing.length > 0)
    throw new SetupFailure(
      `${folder} is not complete. What apt says of the rest, on this machine's mirror:\n  ${missing.join("\n  ")}\n` +
        "Debian's snapshot archive keeps every file of every version.",
    );
  progress.say(`All of it is in ${folder}`);
}

/**
 * What apt complains of: a version that the index does not list, or a file that it lists and the mirror does not have.
 * @param {SetupFailure} error
 */
function reasonOf({ message }) {
  const line = message.split("\n").find((each) => each.startsWith("E:")) ?? message;
  return line.replace(/^E: /, "").replace(/\s+\[IP: .*\]$/, "");
}

const readme = `The sources of what Wherry's guest and bundled images contain.

linux-source-*.deb     Linux as Debian ships it; kernel.config is the whole configuration that was built
kernel-image/          how it was built, Wherry's patches, and the source of Wherry's own programs
THIRD-PARTY            every package with its version, source package and licence
the other folders      Debian source packages, one folder each
`;
