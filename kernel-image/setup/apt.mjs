import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { debianStanzas, parseDeb822, parseFields, parseOneLine, writeDeb822 } from "./apt-sources.mjs";
import { SetupFailure } from "./failure.mjs";
import { sha256 } from "./key.mjs";
import { outcome, run } from "./run.mjs";

/**
 * @typedef {object} DebianPackage
 * @property {string} name
 * @property {string} architecture
 * @property {string} version
 * @property {string} source name of its source package
 * @property {string} sourceVersion
 * @property {string} sha256 of the .deb
 * @property {{ source: string, sourceVersion: string }[]} builtUsing sources of what is linked into it statically
 */

/**
 * apt with a state of its own: the machine's Debian sources for one architecture, in folders below the cache. It shares
 * the machine's keys and proxy settings, and changes nothing of the machine's.
 *
 * i386 packages and source packages want a state each: apt throws away all that a repository offers when one index of it
 * is broken, and mirrors are broken for i386 more often than for the others.
 */
export class PrivateApt {
  #folder;
  #codename;
  #architecture;
  #types;
  /** @type {string | undefined} */
  #configuration;
  #refreshed = false;

  /**
   * @param {object} options
   * @param {string} options.folder
   * @param {string} options.codename of the machine's Debian release
   * @param {string} options.architecture
   * @param {boolean} [options.withSources] source packages too
   */
  constructor({ folder, codename, architecture, withSources = false }) {
    this.#folder = folder;
    this.#codename = codename;
    this.#architecture = architecture;
    this.#types = withSources ? ["deb", "deb-src"] : ["deb"];
  }

  /** Where downloaded packages stay. */
  get packages() {
    return join(this.#folder, "packages");
  }

  /**
   * Fetches the indexes. Answers what apt could not fetch; what had been fetched before stays usable.
   * @param {{ patient?: boolean }} [options] `patient: false`: try once, for what can wait until another day
   * @returns {Promise<string[]>}
   */
  async refresh({ patient = true } = {}) {
    const state = await this.#state();
    this.#refreshed = true;
    const once = ["Acquire::Retries=0", "Acquire::http::Timeout=5", "Acquire::https::Timeout=5"];
    const options = patient ? [] : once.flatMap((option) => ["-o", option]);
    const { code, stderr } = await this.#apt("apt-get", ["-q", ...options, "update"]);
    const complaints = stderr.split("\n").filter((line) => /^[EW]: Failed to fetch/.test(line));
    if (code !== 0 && complaints.length === 0) throw new SetupFailure(`Cannot fetch the package indexes:\n${stderr}`);
    await this.#dropForeign(state);
    return complaints;
  }

  /**
   * What apt would install of each name; names that it does not know are left out.
   * @param {readonly string[]} names
   * @returns {Promise<DebianPackage[]>}
   */
  async candidates(names) {
    await this.#indexed();
    const { stdout } = await this.#apt("apt-cache", ["show", "--no-all-versions", ...names]);
    const found = stdout
      .split(/\n\n+/)
      .filter((paragraph) => paragraph.trim())
      .map(describe);
    return names.flatMap((name) => found.find((candidate) => candidate.name === name) ?? []);
  }

  /** Names of the packages that every Debian system has: the essential ones and those of priority required. */
  async required() {
    const available = await this.#ok("apt-cache", ["dumpavail"]);
    const names = available
      .split("\n\n")
      .filter((paragraph) => /^(Essential: yes|Priority: required)$/m.test(paragraph))
      .map((paragraph) => parseFields(paragraph).get("package") ?? "");
    return [...new Set(names)].sort();
  }

  /**
   * The closure of what `names` need (Pre-Depends and Depends), as apt would install them into an empty system.
   * @param {readonly string[]} names
   * @returns {Promise<string[]>} sorted
   */
  async closure(names) {
    const out = await this.#ok("apt-get", ["-s", "-q", "--no-install-recommends", "install", ...names]);
    const installed = out.matchAll(/^Inst (\S+) /gm);
    return [...new Set([...installed].map(([, name = ""]) => name.replace(/:.*$/, "")))].sort();
  }

  /**
   * The .deb files of packages, downloaded where they are not there yet; apt checks them against the signed index.
   * @param {readonly DebianPackage[]} wanted
   * @returns {Promise<string[]>} in the same order
   */
  async download(wanted) {
    await mkdir(this.packages, { recursive: true });
    const missing = wanted.filter((wish) => !existsSync(this.#file(wish)));
    if (missing.length > 0) await this.#fetch(missing);
    return wanted.map((wish) => this.#file(wish));
  }

  /**
   * apt writes where they are to be: a file under its own name in `packages` is whole.
   * @param {readonly DebianPackage[]} wanted
   */
  async #fetch(wanted) {
    await this.#indexed();
    const arriving = await mkdtemp(join(this.packages, ".arriving-"));
    const specs = wanted.map(({ name, version }) => `${name}=${version}`);
    try {
      await this.#ok("apt-get", ["-q", "download", ...specs], { cwd: arriving });
      for (const wish of wanted) await rename(this.#file(wish, arriving), this.#file(wish));
    } finally {
      await rm(arriving, { recursive: true, force: true });
    }
  }

  /**
   * The files of a source package (.dsc, archives), downloaded into `folder`.
   * @param {{ source: string, sourceVersion: string }} wanted
   * @param {string} folder
   * @returns {Promise<string[]>} paths, the .dsc first
   */
  async downloadSource({ source, sourceVersion }, folder) {
    await this.#indexed();
    await mkdir(folder, { recursive: true });
    await this.#ok("apt-get", ["-q", "source", "--download-only", `${source}=${sourceVersion}`], { cwd: folder });
    const files = (await readdir(folder)).map((name) => join(folder, name));
    return files.sort((a, b) => Number(b.endsWith(".dsc")) - Number(a.endsWith(".dsc")));
  }

  /** Fetches the indexes when there are none: versions may have been chosen with other sources of the machine. */
  async #indexed() {
    const lists = join(await this.#state(), "lists");
    if (this.#refreshed || (await readdir(lists)).some((name) => name.endsWith("Release"))) return;
    await this.refresh();
  }

  /**
   * @param {DebianPackage} wish
   * @param {string} [folder]
   */
  #file({ name, version, architecture }, folder = this.packages) {
    return join(folder, `${name}_${version.replaceAll(":", "%3a")}_${architecture}.deb`);
  }

  /**
   * @param {string} program
   * @param {readonly string[]} args
   * @param {{ cwd?: string }} [options]
   */
  async #apt(program, args, options) {
    await this.#state();
    return outcome(program, ["-c", this.#configuration ?? "", ...args], options);
  }

  /**
   * @param {string} program
   * @param {readonly string[]} args
   * @param {{ cwd?: string }} [options]
   */
  async #ok(program, args, options) {
    await this.#state();
    return run(program, ["-c", this.#configuration ?? "", ...args], options);
  }

  /** Makes the folders and the configuration; a change of the machine's sources starts a new state. */
  async #state() {
    const stanzas = debianStanzas(await machineSources(), this.#codename);
    if (stanzas.length === 0)
      throw new SetupFailure(
        `Cannot find a Debian ${this.#codename} source in /etc/apt: Wherry gets the guest's parts there.`,
      );
    const text = writeDeb822(stanzas, this.#types, this.#architecture);
    const state = join(this.#folder, `${this.#architecture}-${sha256(text).slice(0, 12)}`);
    if (this.#configuration) return state;
    for (const folder of ["sources", "lists/partial", "cache/archives/partial"])
      await mkdir(join(state, folder), { recursive: true });
    const sources = join(state, "sources", "debian.sources");
    if (!existsSync(sources)) await writeFile(sources, text);
    await writeFile(join(state, "status"), "");
    const configuration = join(state, "apt.conf");
    await writeFile(configuration, aptConfiguration(state, this.#architecture));
    this.#configuration = configuration;
    return state;
  }

  /**
   * Takes out repositories whose Release file names another origin than Debian.
   * @param {string} state
   */
  async #dropForeign(state) {
    const { stdout } = await this.#apt("apt-get", ["indextargets", "--format", "$(ORIGIN) $(REPO_URI)"]);
    const foreign = new Set();
    for (const line of stdout.split("\n")) {
      const [, origin = "", uri = ""] = /^(.*) (\S+)$/.exec(line) ?? [];
      if (origin && origin !== "Debian" && !origin.startsWith("$")) foreign.add(uri.replace(/\/$/, ""));
    }
    if (foreign.size === 0) return;
    const path = join(state, "sources", "debian.sources");
    const kept = parseDeb822(await readFile(path, "utf8"))
      .map((stanza) => ({ ...stanza, uris: stanza.uris.filter((uri) => !foreign.has(uri.replace(/\/$/, ""))) }))
      .filter(({ uris }) => uris.length > 0);
    await writeFile(path, writeDeb822(kept, this.#types, this.#architecture));
  }
}

/**
 * @param {string} state
 * @param {string} architecture
 */
function aptConfiguration(state, architecture) {
  const asRoot = process.getuid?.() === 0;
  return [
    // The machine's hooks after an update (desktop caches, clean-ups) are not for this state.
    "#clear APT::Update::Post-Invoke;",
    "#clear APT::Update::Post-Invoke-Success;",
    "#clear APT::Update::Pre-Invoke;",
    "#clear APT::Architectures;",
    `APT::Architecture "${architecture}";`,
    `APT::Architectures { "${architecture}"; };`,
    'APT::Install-Recommends "false";',
    'Acquire::Languages "none";',
    'Dir::Etc::sourcelist "/dev/null";',
    `Dir::Etc::sourceparts "${state}/sources";`,
    `Dir::State "${state}";`,
    `Dir::State::lists "${state}/lists";`,
    `Dir::State::status "${state}/status";`,
    `Dir::Cache "${state}/cache";`,
    // apt's own user cannot write below a home folder.
    ...(asRoot ? ['APT::Sandbox::User "root";'] : []),
    "",
  ].join("\n");
}

async function machineSources() {
  const stanzas = [];
  for (const path of ["/etc/apt/sources.list", ...(await listFolder("/etc/apt/sources.list.d"))]) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (path.endsWith(".list")) stanzas.push(...parseOneLine(text));
    if (path.endsWith(".sources")) stanzas.push(...parseDeb822(text));
  }
  return stanzas;
}

/** @param {string} folder */
async function listFolder(folder) {
  const names = await readdir(folder).catch(() => /** @type {string[]} */ ([]));
  return names.sort().map((name) => join(folder, name));
}

/**
 * @param {string} paragraph of `apt-cache show`
 * @returns {DebianPackage}
 */
function describe(paragraph) {
  const fields = parseFields(paragraph);
  const field = (/** @type {string} */ name) => fields.get(name) ?? "";
  const version = field("version");
  // `Source: name (version)`, each part only where it differs from the binary package's.
  const [, source = "", sourceVersion = ""] = /^(\S*)(?:\s+\((.*)\))?$/.exec(field("source")) ?? [];
  return {
    name: field("package"),
    architecture: field("architecture"),
    version,
    source: source || field("package"),
    sourceVersion: sourceVersion || version,
    sha256: field("sha256"),
    builtUsing: [...field("built-using").matchAll(/([^\s,]+) \(= ([^)]+)\)/g)].map(([, name = "", exact = ""]) => ({
      source: name,
      sourceVersion: exact,
    })),
  };
}
