import { existsSync } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { PrivateApt } from "./apt.mjs";
import { replaceFile } from "./artefact.mjs";
import { SetupFailure, systemFailure } from "./failure.mjs";
import { keyOf } from "./key.mjs";
import { cache } from "./paths.mjs";
import { run } from "./run.mjs";

/** @typedef {import("./apt.mjs").DebianPackage} DebianPackage */

/** What goes into the guest or is linked into it, built for i386. */
const guestPackages =
  "busybox-static bash-static ncurses-base libc-bin tini libseccomp-dev libcap-dev libyajl-dev".split(" ");

/** What is the same on every architecture, or wanted for its source. */
const nativePackages = ["linux-source-6.12", "seabios", "crun"];

/** The roots of the bundled `debian` image, beside what every Debian system has. */
const imagePackages = ["apt", "usr-is-merged"];

const day = 24 * 3600 * 1000;

/**
 * The exact Debian packages that the guest is made from. They are chosen once and stay until `--update`, so that a build
 * can be repeated and works with no network.
 */
export class Packages {
  /** @type {Promise<Pins> | undefined} */
  #pins;
  #progress;
  #update;

  /** @param {{ progress: import("./progress.mjs").Progress, update: boolean }} options */
  constructor({ progress, update }) {
    this.#progress = progress;
    this.#update = update;
  }

  /**
   * @param {string} name
   * @returns {Promise<DebianPackage>}
   */
  async get(name) {
    const { guest, native } = await this.#pinned();
    const found = [...guest, ...native].find((candidate) => candidate.name === name);
    if (!found) throw new SetupFailure(`Cannot find the Debian package ${name} in this machine's sources.`);
    return found;
  }

  /** All packages of the bundled `debian` image. */
  async image() {
    return (await this.#pinned()).image;
  }

  /**
   * What the machine's sources offer of these names now: for what no build depends on.
   * @param {readonly string[]} names
   */
  async offered(names) {
    return (await archives()).native.candidates(names);
  }

  /** All packages that something was taken from, once each. */
  async all() {
    const { guest, native, image } = await this.#pinned();
    return [
      ...new Map([...guest, ...native, ...image].map((pin) => [`${pin.name} ${pin.architecture}`, pin])).values(),
    ];
  }

  /**
   * @param {readonly DebianPackage[]} wanted
   * @returns {Promise<string[]>} paths of .deb files
   */
  async download(wanted) {
    const { guest, native } = await archives();
    const names = new Set((await this.#pinned()).native.map(({ name }) => name));
    const isNative = (/** @type {DebianPackage} */ { name, architecture }) =>
      names.has(name) || !["i386", "all"].includes(architecture);
    const files = new Map();
    for (const [apt, part] of /** @type {const} */ ([
      [guest, wanted.filter((pin) => !isNative(pin))],
      [native, wanted.filter(isNative)],
    ])) {
      const paths = part.length > 0 ? await apt.download(part) : [];
      for (const [index, pin] of part.entries()) files.set(pin, paths[index]);
    }
    return wanted.map((pin) => files.get(pin));
  }

  /**
   * @param {{ source: string, sourceVersion: string }} pin
   * @param {string} folder
   */
  async downloadSource(pin, folder) {
    return (await archives()).native.downloadSource(pin, folder);
  }

  /** Says so when Debian has a newer kernel than the one that is used. It asks at most once a day; offline it says nothing. */
  async tellNews() {
    try {
      await this.#tellNews();
    } catch (error) {
      // News can wait until the cache can be written.
      if (!systemFailure(error)) throw error;
    }
  }

  async #tellNews() {
    const { version } = await this.get("linux-source-6.12");
    const path = join(cache, "apt", "offered-kernel");
    const asked = await stat(path).catch(() => undefined);
    if (this.#update || !asked || Date.now() - asked.mtimeMs > day) {
      const { native } = await archives();
      if (!this.#update) await native.refresh({ patient: false }).catch(() => []);
      const [offered] = await native.candidates(["linux-source-6.12"]);
      await replaceFile(path, offered?.version ?? version);
    }
    const offered = await readFile(path, "utf8");
    if (offered === version) return;
    this.#progress.say(
      `Debian offers kernel ${offered}; the guest has ${version}. To rebuild: npm run guest -- --update`,
    );
  }

  #pinned() {
    this.#pins ??= this.#resolve();
    return this.#pins;
  }

  /** @returns {Promise<Pins>} */
  async #resolve() {
    const path = pinsFile();
    if (existsSync(path) && !this.#update) return JSON.parse(await readFile(path, "utf8"));
    const pins = await this.#progress.step("Choosing Debian packages", () => this.#choose());
    await mkdir(join(cache, "apt"), { recursive: true });
    await replaceFile(path, `${JSON.stringify(pins, undefined, 2)}\n`);
    return pins;
  }

  /** @returns {Promise<Pins>} */
  async #choose() {
    const { guest, native } = await archives();
    const complaints = [...new Set([...(await guest.refresh()), ...(await native.refresh())])];
    const chosen = {
      guest: await guest.candidates(guestPackages),
      // Taken for their sources and data alone: what Debian's own builds of them linked is not in the guest.
      native: (await native.candidates(nativePackages)).map((pin) => ({ ...pin, builtUsing: [] })),
    };
    const found = new Set([...chosen.guest, ...chosen.native].map(({ name }) => name));
    const missing = [...guestPackages, ...nativePackages].filter((name) => !found.has(name));
    if (missing.length > 0)
      throw new SetupFailure(
        [`Cannot find ${missing.join(", ")} in this machine's Debian sources.`, ...complaints].join("\n"),
      );
    for (const complaint of complaints) this.#progress.say(`apt says (and Wherry goes on without it): ${complaint}`);
    return {
      ...chosen,
      image: await guest.candidates(await guest.closure([...imagePackages, ...(await guest.required())])),
    };
  }
}

/**
 * @typedef {object} Pins
 * @property {DebianPackage[]} guest
 * @property {DebianPackage[]} native
 * @property {DebianPackage[]} image
 */

function pinsFile() {
  return join(cache, "apt", `pins-${keyOf({ format: 3, guestPackages, nativePackages, imagePackages })}.json`);
}

/** @type {Promise<{ guest: PrivateApt, native: PrivateApt }> | undefined} */
let opened;

/** The two apt states: i386 packages; and source packages with the packages that suit any architecture. */
function archives() {
  opened ??= (async () => {
    const folder = join(cache, "apt");
    const codename = await debianCodename();
    const architecture = (await run("dpkg", ["--print-architecture"])).trim();
    return {
      guest: new PrivateApt({ folder, codename, architecture: "i386" }),
      native: new PrivateApt({ folder, codename, architecture, withSources: true }),
    };
  })();
  return opened;
}

async function debianCodename() {
  const text = await readFile("/etc/os-release", "utf8");
  return /^VERSION_CODENAME=(\S+)$/m.exec(text)?.[1] ?? "stable";
}

/** @param {string} version of a Debian package: [epoch:]upstream[-revision] */
export function upstreamVersion(version) {
  return version.replace(/^\d+:/, "").replace(/-[^-]*$/, "");
}
