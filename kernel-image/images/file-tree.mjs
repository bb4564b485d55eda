import { posix } from "node:path";

/** @typedef {import("./tar.mjs").TarEntry} TarEntry */

/** An image's files, by path. Everything has one time, so equal contents give an equal layer. */
export class FileTree {
  /** @type {Map<string, TarEntry>} */
  #entries = new Map();
  #mtime;

  /** @param {number} mtime in seconds since 1970, for what is added without a time */
  constructor(mtime) {
    this.#mtime = mtime;
  }

  /** @param {string} path */
  get(path) {
    return this.#entries.get(path);
  }

  /**
   * Adds or replaces an entry. A folder that is there stays, with the new attributes.
   * @param {TarEntry} entry
   */
  add(entry) {
    const path = this.resolve(entry.path);
    const there = this.#entries.get(path);
    if (there?.type === "symlink" && entry.type === "directory") return;
    this.#entries.set(path, { ...entry, path });
  }

  /**
   * @param {string} path
   * @param {string | Uint8Array} content
   * @param {{ mode?: number, uid?: number, gid?: number }} [attributes]
   */
  file(path, content, { mode = 0o644, uid = 0, gid = 0 } = {}) {
    const data = typeof content === "string" ? Buffer.from(content) : content;
    this.add({ path, type: "file", mode, uid, gid, mtime: this.#mtime, data });
  }

  /**
   * @param {string} path
   * @param {{ mode?: number, uid?: number, gid?: number }} [attributes]
   */
  folder(path, { mode = 0o755, uid = 0, gid = 0 } = {}) {
    this.add({ path, type: "directory", mode, uid, gid, mtime: this.#mtime });
  }

  /**
   * @param {string} path
   * @param {string} target
   */
  symlink(path, target) {
    this.add({ path, type: "symlink", mode: 0o777, uid: 0, gid: 0, mtime: this.#mtime, target });
  }

  /**
   * @param {string} path
   * @param {string} target of the file that shall also have this name
   */
  hardlink(path, target) {
    this.add({ path, type: "hardlink", mode: 0o755, uid: 0, gid: 0, mtime: this.#mtime, target });
  }

  /** @param {(path: string) => boolean} which */
  removeWhere(which) {
    for (const path of [...this.#entries.keys()]) if (which(path)) this.#entries.delete(path);
  }

  /** @param {string} path */
  text(path) {
    const data = this.#entries.get(path)?.data;
    return data ? Buffer.from(data).toString() : "";
  }

  /** All entries in the order of a tar archive: parents first, hard links after their files. */
  entries() {
    for (const path of [...this.#entries.keys()]) this.#needParents(path);
    const sorted = [...this.#entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    return [...sorted.filter(({ type }) => type !== "hardlink"), ...sorted.filter(({ type }) => type === "hardlink")];
  }

  /**
   * The path with the links among its parents followed: `bin/ls` is `usr/bin/ls` where `bin` is a link to `usr/bin`.
   * @param {string} path
   */
  resolve(path) {
    const [first = "", ...rest] = path.split("/");
    const target = this.#entries.get(first);
    if (rest.length === 0 || target?.type !== "symlink") return path;
    return posix.join(target.target ?? "", ...rest);
  }

  /** @param {string} path */
  #needParents(path) {
    const parent = posix.dirname(path);
    if (parent === "." || this.#entries.has(parent)) return;
    this.folder(parent);
    this.#needParents(parent);
  }
}
