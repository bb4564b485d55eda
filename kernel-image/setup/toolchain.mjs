import { run } from "./run.mjs";

/** @type {Promise<string> | undefined} */
let identity;

/** Names the compiler and the C library that is linked statically, for build keys. */
export function toolchain() {
  identity ??= (async () => {
    const [compiler = ""] = (await run("gcc", ["--version"])).split("\n");
    const library = await run("dpkg-query", ["-W", "libc6-dev-i386"], { anyway: true });
    return `${compiler}, ${library.trim()}`;
  })();
  return identity;
}

/** The source of the C library that crun and the agent are linked with: this machine's own. */
export async function staticLibrary() {
  const text = await run("dpkg-query", ["-s", "libc6-dev-i386"]);
  const version = /^Version: (.*)$/m.exec(text)?.[1] ?? "";
  const [, source = "glibc", sourceVersion = version] = /^Source: (\S+)(?: \((.*)\))?$/m.exec(text) ?? [];
  return { source, sourceVersion };
}

/** How a program for the guest is compiled: i686 code, static, no larger than it must be. */
export const guestCFlags = [
  "-m32",
  "-march=i686",
  "-O2",
  "-fno-pie",
  "-std=gnu11",
  "-D_FILE_OFFSET_BITS=64",
  "-D_TIME_BITS=64",
  "-ffunction-sections",
  "-fdata-sections",
];
/** Two segments in place of four: each is mapped, faulted in and copied at every fork. */
export const guestLinkFlags = [
  "-m32",
  "-static",
  "-no-pie",
  "-Wl,-z,noseparate-code",
  "-Wl,--gc-sections",
  "-Wl,--build-id=none",
  "-s",
];

/**
 * Runs tasks, at most `width` at a time.
 * @template T
 * @param {readonly T[]} items
 * @param {number} width
 * @param {(item: T) => Promise<void>} work
 */
export async function inParallel(items, width, work) {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
