import { createHash } from "node:crypto";

/**
 * dpkg's own record of what is installed, as dpkg would have written it after unpacking and configuring every package.
 *
 * @typedef {import("./file-tree.mjs").FileTree} FileTree
 * @typedef {import("./debian.mjs").Unpacked} Unpacked
 */

/** Control files that dpkg keeps none of: the description goes into `status`. */
const notKept = new Set(["control"]);

const executables = new Set(["preinst", "postinst", "prerm", "postrm", "config"]);

/** dash keeps other shells off /bin/sh. */
const dashDiversions = ["/usr/share/man/man1/sh.1.gz", "/usr/share/man/man1/sh.distrib.1.gz", "dash"]
  .concat(["/bin/sh", "/bin/sh.distrib", "dash"])
  .map((line) => `${line}\n`)
  .join("");

/**
 * @param {FileTree} tree
 * @param {readonly Unpacked[]} packages
 */
export function dpkgState(tree, packages) {
  const info = "var/lib/dpkg/info";
  for (const { source, files, control, fields } of packages) {
    // Packages that may be installed for several architectures have the architecture in their file names.
    const name = fields.get("multi-arch") === "same" ? `${source.name}:${source.architecture}` : source.name;
    const list = files.map(({ path }) => (path === "" ? "/." : `/${path}`));
    tree.file(`${info}/${name}.list`, `${list.join("\n")}\n`);
    for (const [kind, bytes] of control) {
      if (!notKept.has(kind))
        tree.file(`${info}/${name}.${kind}`, bytes, { mode: executables.has(kind) ? 0o755 : 0o644 });
    }
  }
  tree.file(`${info}/format`, "1\n");
  tree.file("var/lib/dpkg/status", packages.map(statusOf).join("\n"));
  tree.file("var/lib/dpkg/available", "");
  tree.file("var/lib/dpkg/diversions", dashDiversions);
  tree.file("var/lib/dpkg/statoverride", "");
  tree.file("var/lib/dpkg/lock", "", { mode: 0o640 });
  tree.file("var/lib/dpkg/lock-frontend", "", { mode: 0o640 });
  tree.folder("var/lib/dpkg/parts");
  tree.folder("var/lib/dpkg/updates");
  addTriggers(tree, packages);
}

/** @param {Unpacked} unpacked */
function statusOf({ files, control }) {
  const text = String(control.get("control") ?? "").trimEnd();
  const [first = "", ...rest] = text.split("\n");
  const description = rest.findIndex((line) => line.startsWith("Description:"));
  const before = rest.slice(0, description);
  const conffiles = conffileHashes(files, control);
  return `${[first, "Status: install ok installed", ...before, ...conffiles, ...rest.slice(description)].join("\n")}\n`;
}

/**
 * @param {Unpacked["files"]} files
 * @param {Unpacked["control"]} control
 */
function conffileHashes(files, control) {
  const paths = String(control.get("conffiles") ?? "")
    .split("\n")
    .filter((line) => line.startsWith("/"));
  if (paths.length === 0) return [];
  const hash = (/** @type {string} */ path) => {
    const data = files.find((file) => `/${file.path}` === path)?.data;
    return data ? createHash("md5").update(data).digest("hex") : "newconffile";
  };
  return ["Conffiles:", ...paths.map((path) => ` ${path} ${hash(path)}`)];
}

/**
 * Who wants to be told of what: `interest` lines of the packages' triggers files, by path in one file, by name in one each.
 * @param {FileTree} tree
 * @param {readonly Unpacked[]} packages
 */
function addTriggers(tree, packages) {
  /** @type {Map<string, string[]>} */
  const named = new Map();
  const paths = [];
  for (const { source, control } of packages) {
    for (const line of String(control.get("triggers") ?? "").split("\n")) {
      const [, noawait, on = ""] = /^interest(-noawait)?(?:-await)?\s+(\S+)/.exec(line) ?? [];
      const owner = `${source.name}${noawait ? "/noawait" : ""}`;
      if (on.startsWith("/")) paths.push(`${on} ${owner}\n`);
      else if (on) named.set(on, [...(named.get(on) ?? []), `${owner}\n`]);
    }
  }
  tree.file("var/lib/dpkg/triggers/File", paths.join(""));
  tree.file("var/lib/dpkg/triggers/Unincorp", "");
  tree.file("var/lib/dpkg/triggers/Lock", "", { mode: 0o600 });
  for (const [name, owners] of named) tree.file(`var/lib/dpkg/triggers/${name}`, owners.join(""));
}
