/**
 * A reader and a writer of tar archives (POSIX.1-2017 pax, and the GNU long-name records that dpkg writes), whole in
 * memory: packages and the bundled images' layers are small.
 */

/**
 * @typedef {object} TarEntry
 * @property {string} path relative, without a trailing slash; `` is the root
 * @property {"file" | "directory" | "symlink" | "hardlink"} type
 * @property {number} mode permission bits
 * @property {number} uid
 * @property {number} gid
 * @property {number} mtime in seconds since 1970
 * @property {Uint8Array} [data] of a file
 * @property {string} [target] of a link
 */

const block = 512;
const types = new Map(Object.entries({ 0: "file", "\0": "file", 1: "hardlink", 2: "symlink", 5: "directory" }));
const flags = { file: "0", hardlink: "1", symlink: "2", directory: "5" };

/**
 * @param {Buffer} archive
 * @returns {TarEntry[]}
 */
export function readTar(archive) {
  const entries = [];
  /** What long-name records said about the entry that follows them. @type {{ path?: string, target?: string }} */
  let next = {};
  for (let offset = 0; offset + block <= archive.length; ) {
    const header = archive.subarray(offset, offset + block);
    if (header[0] === 0) break;
    const flag = String.fromCharCode(header[156] ?? 0);
    const size = number(header, 124, 12);
    const data = archive.subarray(offset + block, offset + block + size);
    offset += block + Math.ceil(size / block) * block;
    if (flag === "L") next.path = text(data, 0, size);
    else if (flag === "K") next.target = text(data, 0, size);
    else if (flag === "x") next = { ...next, ...paxNames(data) };
    else if (flag !== "g") {
      entries.push(entryOf(header, flag, data, next));
      next = {};
    }
  }
  return entries;
}

/**
 * @param {Buffer} header
 * @param {string} flag
 * @param {Buffer} data
 * @param {{ path?: string, target?: string }} names
 * @returns {TarEntry}
 */
function entryOf(header, flag, data, names) {
  const prefix = text(header, 345, 155);
  const path = names.path ?? (prefix ? `${prefix}/` : "") + text(header, 0, 100);
  const type = /** @type {TarEntry["type"] | undefined} */ (types.get(flag));
  if (!type) throw new Error(`Cannot read the tar entry ${path}: expected a file, folder or link, got type ${flag}`);
  const target = names.target ?? text(header, 157, 100);
  return {
    path: cleanPath(path),
    type,
    mode: number(header, 100, 8) & 0o7777,
    uid: number(header, 108, 8),
    gid: number(header, 116, 8),
    mtime: number(header, 136, 12),
    ...(type === "file" && { data }),
    ...(type === "symlink" && { target }),
    ...(type === "hardlink" && { target: cleanPath(target) }),
  };
}

/**
 * Writes entries in the given order.
 * @param {readonly TarEntry[]} entries
 * @returns {Buffer}
 */
export function writeTar(entries) {
  const parts = [];
  for (const entry of entries) {
    const path = entry.type === "directory" ? `${entry.path}/` : entry.path;
    const target = entry.target ?? "";
    if (fits(path) && fits(target)) parts.push(header(entry, path, target));
    else {
      const records = [fits(path) ? "" : paxRecord("path", path), fits(target) ? "" : paxRecord("linkpath", target)];
      const data = Buffer.from(records.join(""));
      const about = { ...entry, type: /** @type {const} */ ("file"), mode: 0o644, data };
      parts.push(header(about, "PaxHeader", "", "x"), padded(data));
      parts.push(header(entry, cut(path), cut(target)));
    }
    if (entry.data) parts.push(padded(entry.data));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

/**
 * @param {TarEntry} entry
 * @param {string} path
 * @param {string} target
 */
function header(entry, path, target, flag = flags[entry.type]) {
  const bytes = Buffer.alloc(block);
  const octal = (/** @type {number} */ value, /** @type {number} */ offset, /** @type {number} */ length) =>
    bytes.write(value.toString(8).padStart(length - 1, "0"), offset);
  bytes.write(path, 0);
  octal(entry.mode, 100, 8);
  octal(entry.uid, 108, 8);
  octal(entry.gid, 116, 8);
  octal(entry.data?.length ?? 0, 124, 12);
  octal(entry.mtime, 136, 12);
  bytes.fill(" ", 148, 156);
  bytes.write(flag, 156);
  bytes.write(target, 157);
  bytes.write("ustar\u000000", 257);
  octal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return bytes;
}

/** @param {string} name */
function fits(name) {
  return Buffer.byteLength(name) <= 100;
}

/** @param {string} name */
function cut(name) {
  return Buffer.from(name).subarray(0, 100).toString("latin1");
}

/**
 * A pax record counts its own length in decimal.
 * @param {string} key
 * @param {string} value
 */
function paxRecord(key, value) {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest) + 1;
  while (String(length).length + Buffer.byteLength(rest) !== length) length += 1;
  return `${length}${rest}`;
}

/** @param {Buffer} data */
function paxNames(data) {
  /** @type {{ path?: string, target?: string }} */
  const names = {};
  for (let offset = 0; offset < data.length; ) {
    const length = Number.parseInt(data.subarray(offset, offset + 20).toString("latin1"), 10);
    const record = data.subarray(offset, offset + length).toString();
    const [, key, value = ""] = /^\d+ ([^=]+)=(.*)\n$/s.exec(record) ?? [];
    if (key === "path") names.path = value;
    if (key === "linkpath") names.target = value;
    offset += length;
  }
  return names;
}

/** @param {string} path */
function cleanPath(path) {
  return path
    .replace(/^(\.?\/)+/, "")
    .replace(/\/+$/, "")
    .replace(/^\.$/, "");
}

/**
 * @param {Buffer} bytes
 * @param {number} offset
 * @param {number} length
 */
function text(bytes, offset, length) {
  const field = bytes.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString();
}

/**
 * @param {Buffer} bytes
 * @param {number} offset
 * @param {number} length
 */
function number(bytes, offset, length) {
  return Number.parseInt(text(bytes, offset, length).trim() || "0", 8);
}

/** @param {Uint8Array} data */
function padded(data) {
  const rest = data.length % block;
  return rest === 0 ? Buffer.from(data) : Buffer.concat([data, Buffer.alloc(block - rest)]);
}
