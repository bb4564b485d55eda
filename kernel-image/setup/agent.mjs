import { mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { artefact } from "./artefact.mjs";
import { filesBelow, hashFiles, keyOf } from "./key.mjs";
import { recipe } from "./paths.mjs";
import { run } from "./run.mjs";
import { guestCFlags, guestLinkFlags, inParallel, toolchain } from "./toolchain.mjs";

const programs = ["agent", "docker"];
const warnings = ["-Wall", "-Wextra"];

/**
 * Wherry's own programs in the guest: the agent (PID 1) and the `docker` of its shell. Static i386.
 * @param {import("./progress.mjs").Progress} progress
 */
export async function agent(progress) {
  const key = keyOf({
    sources: await hashFiles(
      programs.map((name) => join(recipe, name)),
      recipe,
    ),
    toolchain: await toolchain(),
    flags: [...guestCFlags, ...warnings, ...guestLinkFlags],
  });
  const build = async (/** @type {string} */ folder) => {
    for (const name of programs) await compile(name, folder);
  };
  const folder = await artefact({ name: "agent", key, what: "Compiling the agent", build }, progress);
  return { folder, key, agent: join(folder, "agent"), docker: join(folder, "docker") };
}

/**
 * @param {string} name of the folder in the recipe, and of the program
 * @param {string} folder
 */
async function compile(name, folder) {
  const sources = (await filesBelow(join(recipe, name))).filter(
    (path) => path.endsWith(".c") && !/[.-]test\.c$/.test(path),
  );
  const objects = join(folder, `${name}.objects`);
  await mkdir(objects);
  await inParallel(sources, availableParallelism(), async (path) => {
    const object = join(objects, `${basename(path, ".c")}.o`);
    await run("gcc", [...guestCFlags, ...warnings, "-D_GNU_SOURCE", `-I${recipe}`, "-c", path, "-o", object]);
  });
  const inputs = sources.map((path) => join(objects, `${basename(path, ".c")}.o`));
  await run("gcc", [...guestLinkFlags, "-o", join(folder, name), ...inputs]);
  await rm(objects, { recursive: true });
}
