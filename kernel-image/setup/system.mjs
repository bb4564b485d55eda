import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { SetupFailure } from "./failure.mjs";
import { outcome, run } from "./run.mjs";

/**
 * What a task wants of the machine: the Debian package, and what shows that it is there. Looking at files costs nothing,
 * so the second run asks neither dpkg nor apt.
 * @typedef {{ package: string, program?: string, file?: string }} Need
 */

/** @type {readonly Need[]} */
export const forBuilding = [
  { package: "gcc", program: "gcc" },
  { package: "gcc-multilib", file: "/usr/lib32/libc.a" },
  { package: "make", program: "make" },
  { package: "flex", program: "flex" },
  { package: "bison", program: "bison" },
  { package: "bc", program: "bc" },
  { package: "lz4", program: "lz4" },
  { package: "zstd", program: "zstd" },
  { package: "patch", program: "patch" },
  { package: "xz-utils", program: "xz" },
];

/** @type {readonly Need[]} */
export const forTesting = [
  { package: "chromium", program: "chromium" },
  { package: "bsdutils", program: "script" },
];

/** Refuses a system on which the guest can't be built. */
export async function checkDebian() {
  const release = parseRelease(await readFile("/etc/os-release", "utf8").catch(() => ""));
  const isDebian = release.ID === "debian" && existsSync("/usr/bin/apt-get");
  // Testing and unstable name no number; they are newer.
  if (isDebian && Number(release.VERSION_ID ?? 99) >= 12 && process.arch === "x64") return;
  const here = `${release.PRETTY_NAME ?? process.platform} on ${process.arch}`;
  throw new SetupFailure(
    `Building the guest needs Debian 12 or later with apt, on x86-64; this is ${here}. ` +
      "A package made by `npm pack` on such a machine runs on any Linux with Node.",
  );
}

/**
 * Installs what is missing of `needs`, after listing it; without root it says what to type.
 * @param {readonly Need[]} needs
 * @param {import("./progress.mjs").Progress} progress
 */
export async function installMissing(needs, progress) {
  const missing = needs.filter((need) => !isThere(need)).map((need) => need.package);
  if (missing.length === 0) return;
  const options = ["install", "--no-install-recommends", ...missing];
  if (process.getuid?.() !== 0) {
    const command = `'apt-get update && apt-get ${options.join(" ")}'`;
    const typed = isOnPath("sudo") ? `sudo sh -c ${command}` : `su -c ${command}`;
    throw new SetupFailure(`These Debian packages are missing: ${missing.join(", ")}. Type:\n  ${typed}`);
  }
  progress.say(`Missing Debian packages, installed now with apt-get: ${missing.join(", ")}`);
  const install = () => run("apt-get", ["-q", "-y", ...options], { env: { DEBIAN_FRONTEND: "noninteractive" } });
  await progress.step("Installing packages", async () => {
    if ((await outcome("apt-get", ["-s", "install", ...missing])).code !== 0) await run("apt-get", ["-q", "update"]);
    // Indexes of some age name versions that the mirror has replaced.
    await install().catch(() => run("apt-get", ["-q", "update"]).then(install));
  });
  const still = needs.filter((need) => !isThere(need)).map((need) => need.package);
  if (still.length > 0)
    throw new SetupFailure(`apt-get installed ${still.join(", ")}, but what they should bring is not there.`);
}

/** @param {Need} need */
function isThere({ program, file }) {
  return file ? existsSync(file) : isOnPath(program ?? "");
}

/** @param {string} program */
export function isOnPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/**
 * @param {string} text of os-release(5)
 * @returns {Record<string, string>}
 */
function parseRelease(text) {
  const entries = [...text.matchAll(/^([A-Z_]+)=(.*)$/gm)];
  return Object.fromEntries(entries.map(([, name, value = ""]) => [name, value.replaceAll(/^["']|["']$/g, "")]));
}
