import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The clone (or the installed package). */
export const top = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** The recipe: everything that describes the guest. */
export const recipe = join(top, "kernel-image");

/** What a build leaves in the clone, never in git: `page`, `node`, `guest`, `images`, `sources`. */
export const dist = join(top, "dist");

/** Built artefacts, shared by all clones of one user. */
export const cache = cacheFolder(process.env);

/** Where the user stood: what they type is relative to it. npm itself runs scripts in the clone. */
export function asTyped(env = process.env) {
  return env.INIT_CWD ?? process.cwd();
}

/**
 * `WHERRY_CACHE`, or `wherry` in the user's cache folder (XDG Base Directory: a relative XDG_CACHE_HOME is ignored).
 * @param {NodeJS.ProcessEnv} env
 */
export function cacheFolder(env) {
  if (env.WHERRY_CACHE) return resolve(asTyped(env), env.WHERRY_CACHE);
  const base = env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : join(homedir(), ".cache");
  return join(base, "wherry");
}
