/**
 * A writer for the "newc" cpio format that the kernel unpacks as its initramfs
 * (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
 */

/**
 * One file of the archive. Paths are relative, without a leading slash; parents must come before their children.
 * @typedef {{ path: string, type: "directory", mode: number }} Directory
 * @typedef {{ path: string, type: "file", mode: number, data: Uint8Array, links?: readonly string[] }} File `links`: more names of it
 * @typedef {{ path: string, type: "symlink", target: string }} Symlink
 * @typedef {{ path: string, type: "character", mode: number, major: number, minor: number }} CharacterDevice
 * @typedef {Directory | File | Symlink | CharacterDevice} CpioEntry
 */

const typeBits = { directory: 0o040000, file: 0o100000, symlink: 0o120000, character: 0o020000 };

/**
 * Everything belongs to root and has time 0, so equal contents give equal bytes.
 * @param {readonly CpioEntry[]} entries
 * @returns {Buffer}
 */
export function writeCpio(entries) {
  const parts = [];
  for (const [index, entry] of entries.entries()) parts.push(record(entry, index + 1));
  parts.push(header("TRAILER!!!", { inode: 0, mode: 0, links: 1, size: 0 }));
  return Buffer.concat(parts);
}

/**
 * @param {CpioEntry} entry
 * @param {number} inode
 */
function record(entry, inode) {
  const mode = typeBits[entry.type] | (entry.type === "symlink" ? 0o777 : entry.mode);
  const data = content(entry);
  const more = entry.type === "file" ? (entry.links ?? []) : [];
  const links = entry.type === "directory" ? 2 : 1 + more.length;
  const device = entry.type === "character" ? { major: entry.major, minor: entry.minor } : undefined;
  // The kernel links names of one inode together; the first brings the data.
  const linked = more.map((name) => header(name, { inode, mode, links, size: 0 }));
  return Buffer.concat([
    header(entry.path, { inode, mode, links, size: data.length, device }),
    padded(data),
    ...linked,
  ]);
}

/** @param {CpioEntry} entry */
function content(entry) {
  if (entry.type === "file") return entry.data;
  return Buffer.from(entry.type === "symlink" ? entry.target : "");
}

/**
 * @param {string} name
 * @param {{ inode: number, mode: number, links: number, size: number, device?: { major: number, minor: number } | undefined }} fields
 */
function header(name, { inode, mode, links, size, device }) {
  const encoded = Buffer.from(`${name}\0`);
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const words = [inode, mode, 0, 0, links, 0, size, 0, 0, device?.major ?? 0, device?.minor ?? 0, encoded.length, 0];
  const text = `070701${words.map((word) => word.toString(16).toUpperCase().padStart(8, "0")).join("")}`;
  return padded(Buffer.concat([Buffer.from(text), encoded]));
}

/** @param {Uint8Array} bytes */
function padded(bytes) {
  const rest = bytes.length % 4;
  return rest === 0 ? Buffer.from(bytes) : Buffer.concat([bytes, Buffer.alloc(4 - rest)]);
}
