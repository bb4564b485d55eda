import { parseOneLine } from "../setup/apt-sources.mjs";

/**
 * What the maintainer scripts of Debian's base packages do on a new system, as rules. systemd's units and caches that
 * programs make for themselves are left out: there is no systemd in a container.
 *
 * @typedef {import("./file-tree.mjs").FileTree} FileTree
 * @typedef {import("./debian.mjs").Unpacked} Unpacked
 */

/** base-files makes these, and copies what users may change from its share folder. */
const baseFolders = [
  ..."boot dev home media mnt opt proc srv sys etc/opt var/local var/opt".split(" "),
  ..."usr/local usr/local/bin usr/local/etc usr/local/games usr/local/include usr/local/lib".split(" "),
  ..."usr/local/sbin usr/local/share usr/local/share/man usr/local/src run/mount".split(" "),
];

const copies = [
  ["usr/share/base-files/profile", "etc/profile"],
  ["usr/share/base-files/motd", "etc/motd"],
  ["usr/share/base-files/dot.profile", "root/.profile"],
  ["usr/share/base-files/dot.bashrc", "root/.bashrc"],
  ["usr/share/libc-bin/nsswitch.conf", "etc/nsswitch.conf"],
];

/** update-alternatives: the name, its link, the chosen program, its priority. */
const alternatives = [
  {
    name: "awk",
    link: "/usr/bin/awk",
    choice: "/usr/bin/mawk",
    priority: 5,
    more: [["nawk", "/usr/bin/nawk", "/usr/bin/mawk"]],
  },
  { name: "pager", link: "/usr/bin/pager", choice: "/bin/more", priority: 50, more: [] },
  { name: "rmt", link: "/usr/sbin/rmt", choice: "/usr/sbin/rmt-tar", priority: 50, more: [] },
  { name: "which", link: "/usr/bin/which", choice: "/usr/bin/which.debianutils", priority: 0, more: [] },
];

const emptyFiles = [
  { path: "etc/environment", mode: 0o644 },
  { path: "etc/fstab", mode: 0o644 },
  { path: "etc/subgid", mode: 0o644 },
  { path: "etc/subuid", mode: 0o644 },
  { path: "etc/.pwd.lock", mode: 0o600 },
  { path: "etc/security/opasswd", mode: 0o600 },
  { path: "var/log/faillog", mode: 0o644 },
  { path: "var/log/btmp", mode: 0o660, gid: 43 },
  { path: "var/log/wtmp", mode: 0o664, gid: 43 },
  { path: "var/log/lastlog", mode: 0o664, gid: 43 },
  { path: "var/cache/debconf/passwords.dat", mode: 0o600 },
];

const shadowGroup = 42;
const staffGroup = 50;

/**
 * @param {FileTree} tree
 * @param {string} sources the sources.list that the package apt gives as its example
 */
export function configureDebian(tree, sources) {
  for (const path of baseFolders) tree.folder(path, path === "var/local" ? { mode: 0o2775, gid: staffGroup } : {});
  tree.folder("root", { mode: 0o700 });
  for (const path of ["tmp", "var/tmp", "run/lock"]) tree.folder(path, { mode: 0o1777 });
  for (const [from = "", to = ""] of copies) tree.file(to, tree.text(from));
  for (const { path, ...attributes } of emptyFiles) tree.file(path, "", attributes);
  tree.symlink("usr/local/man", "share/man");
  tree.symlink("var/lock", "/run/lock");
  tree.symlink("var/run", "/run");
  tree.symlink("etc/dpkg/origins/default", "debian");
  tree.symlink("etc/localtime", "/usr/share/zoneinfo/Etc/UTC");
  tree.file("etc/timezone", "Etc/UTC\n");
  tree.symlink("var/spool/mail", "../mail");
  tree.folder("var/mail", { mode: 0o2775, gid: 8 });
  addUsers(tree);
  addPam(tree);
  for (const alternative of alternatives) addAlternative(tree, alternative);
  addShells(tree);
  addContainerHabits(tree, sources);
}

/**
 * base-passwd, and shadow's passwords moved out of passwd and group.
 * @param {FileTree} tree
 */
function addUsers(tree) {
  const lines = (/** @type {string} */ path) => tree.text(path).split("\n").filter(Boolean);
  const users = lines("usr/share/base-passwd/passwd.master");
  const groups = lines("usr/share/base-passwd/group.master");
  const shadowed = (/** @type {string[]} */ all) => all.map((line) => `${line.replace(":*:", ":x:")}\n`).join("");
  const name = (/** @type {string} */ line) => line.split(":")[0];
  tree.file("etc/passwd", shadowed(users));
  tree.file("etc/group", shadowed(groups));
  const hidden = { mode: 0o640, gid: shadowGroup };
  tree.file("etc/shadow", users.map((line) => `${name(line)}:*:20000:0:99999:7:::\n`).join(""), hidden);
  tree.file("etc/gshadow", groups.map((line) => `${name(line)}:*::\n`).join(""), hidden);
}

/**
 * pam-auth-update with its only default profile, unix.
 * @param {FileTree} tree
 */
function addPam(tree) {
  const stacks = {
    account: ["[success=1 new_authtok_reqd=done default=ignore]\tpam_unix.so ", ""],
    auth: ["[success=1 default=ignore]\tpam_unix.so nullok", ""],
    password: ["[success=1 default=ignore]\tpam_unix.so obscure yescrypt", ""],
    session: ["[default=1]\t\t\tpam_permit.so", "required\tpam_unix.so "],
    "session-noninteractive": ["[default=1]\t\t\tpam_permit.so", "required\tpam_unix.so "],
  };
  for (const [stack, [primary, additional]] of Object.entries(stacks)) {
    const type = stack.replace(/-.*/, "");
    const text = tree
      .text(`usr/share/pam/common-${stack}`)
      .replace(/^\$\w+_primary$/m, `${type}\t${primary}`)
      .replace(/^\$\w+_additional\n/m, additional ? `${type}\t${additional}\n` : "");
    tree.file(`etc/pam.d/common-${stack}`, text);
  }
}

/**
 * @param {FileTree} tree
 * @param {typeof alternatives[number]} alternative
 */
function addAlternative(tree, { name, link, choice, priority, more }) {
  const links = [[name, link, choice], ...more];
  for (const [each = "", at = "", target = ""] of links) {
    tree.symlink(`etc/alternatives/${each}`, target);
    tree.symlink(at.slice(1), `/etc/alternatives/${each}`);
  }
  const slaves = more.map(([each, at]) => `${each}\n${at}\n`).join("");
  const chosen = more.map(([, , target]) => `${target}\n`).join("");
  tree.file(`var/lib/dpkg/alternatives/${name}`, `auto\n${link}\n${slaves}\n${choice}\n${priority}\n${chosen}\n`);
}

/**
 * update-shells: every shell that a package names, under both names of a merged /usr.
 * @param {FileTree} tree
 */
function addShells(tree) {
  const shells = ["/bin/sh", "/bin/bash", "/bin/rbash", "/bin/dash"];
  const both = shells.flatMap((path) => [path, `/usr${path}`]);
  tree.file("etc/shells", `# /etc/shells: valid login shells\n${both.join("\n")}\n`);
  tree.file("var/lib/shells.state", `${both.join("\n")}\n`);
}

/**
 * Debian's usual sources, cut down to `main`.
 * @param {string} example
 */
function aptSources(example) {
  return parseOneLine(example)
    .map(
      ({ uris, suites }) =>
        `Types: deb\nURIs: ${uris.join(" ")}\nSuites: ${suites.join(" ")}\nComponents: main\n` +
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
    )
    .join("\n");
}

/**
 * As other Debian images do: no services start when a package is installed, and apt keeps no archives or indexes that a
 * layer would carry along.
 * @param {FileTree} tree
 * @param {string} sources
 */
function addContainerHabits(tree, sources) {
  tree.file("etc/apt/sources.list.d/debian.sources", aptSources(sources));
  tree.file(
    "usr/sbin/policy-rc.d",
    "#!/bin/sh\n# In a container nothing is started behind the user's back.\nexit 101\n",
    { mode: 0o755 },
  );
  tree.file(
    "etc/apt/apt.conf.d/wherry-image",
    [
      "# A layer shall not carry downloaded archives and caches.",
      'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"; };',
      'Dir::Cache::pkgcache "";',
      'Dir::Cache::srcpkgcache "";',
      'Acquire::Languages "none";',
      'Acquire::GzipIndexes "true";',
      'APT::AutoRemove::SuggestsImportant "false";',
      "",
    ].join("\n"),
  );
  tree.file(
    "etc/dpkg/dpkg.cfg.d/wherry-slim",
    [
      "# This image is slim: documentation and translations stay out; licences stay in.",
      ...["doc/*", "groff/*", "info/*", "linda/*", "lintian/*", "locale/*", "man/*"].map(
        (path) => `path-exclude /usr/share/${path}`,
      ),
      "path-include /usr/share/doc/*/copyright",
      "path-include /usr/share/locale/locale.alias",
      "",
    ].join("\n"),
  );
  tree.folder("var/lib/apt/lists/partial", { mode: 0o700, uid: 42 });
  tree.folder("var/cache/apt/archives/partial", { mode: 0o700, uid: 42 });
}
