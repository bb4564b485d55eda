import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../setup/run.mjs";
import { packageFiles } from "./debian-package.mjs";
import { FileTree } from "./file-tree.mjs";

const users = [
  "root:x:0:0:root:/root:/bin/sh",
  "daemon:x:1:1:daemon:/usr/sbin:/bin/false",
  "bin:x:2:2:bin:/bin:/bin/false",
  "sys:x:3:3:sys:/dev:/bin/false",
  "sync:x:4:100:sync:/bin:/bin/sync",
  "mail:x:8:8:mail:/var/spool/mail:/bin/false",
  "www-data:x:33:33:www-data:/var/www:/bin/false",
  "operator:x:37:37:Operator:/var:/bin/false",
  "nobody:x:65534:65534:nobody:/home:/bin/false",
];

const groups = [
  ..."root:x:0: daemon:x:1: bin:x:2: sys:x:3: adm:x:4: tty:x:5: disk:x:6: lp:x:7: mail:x:8: kmem:x:9:".split(" "),
  ..."wheel:x:10:root cdrom:x:11: dialout:x:18: floppy:x:19: video:x:28: audio:x:29: tape:x:32:".split(" "),
  ..."www-data:x:33: operator:x:37: utmp:x:43: plugdev:x:46: staff:x:50: lock:x:54: netdev:x:82:".split(" "),
  ..."users:x:100: nobody:x:65534:".split(" "),
];

/**
 * Debian's static busybox, laid out as the official image is: every tool a hard link in /bin.
 * @param {string} work a folder for the program
 * @param {import("../setup/apt.mjs").DebianPackage} source
 * @param {string} deb
 * @returns {Promise<import("./oci-layout.mjs").BundledImage>}
 */
export async function busybox(work, source, deb) {
  const program = (await packageFiles(deb)).find(({ path }) => path === "bin/busybox");
  if (!program?.data) throw new Error(`Cannot find bin/busybox in ${deb}`);
  const path = join(work, "busybox");
  await writeFile(path, program.data, { mode: 0o755 });
  const applets = (await run(path, ["--list"])).split("\n").filter((name) => name && name !== "busybox");

  const tree = new FileTree(program.mtime);
  for (const name of [
    "bin",
    "dev",
    "etc",
    "home",
    "lib",
    "proc",
    "sys",
    "usr/bin",
    "usr/sbin",
    "var/spool/mail",
    "var/www",
  ])
    tree.folder(name);
  tree.folder("root", { mode: 0o700 });
  tree.folder("tmp", { mode: 0o1777 });
  tree.file("bin/busybox", program.data, { mode: 0o755 });
  for (const name of applets) tree.hardlink(`bin/${name}`, "bin/busybox");
  tree.symlink("usr/bin/env", "../../bin/env");
  tree.file("etc/passwd", `${users.join("\n")}\n`);
  tree.file("etc/group", `${groups.join("\n")}\n`);
  tree.file("etc/shadow", users.map((line) => `${line.split(":")[0]}:*:10933:0:99999:7:::\n`).join(""), {
    mode: 0o600,
  });
  tree.file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
  return {
    repository: "docker.io/library/busybox",
    tags: ["latest"],
    entries: tree.entries(),
    created: new Date(program.mtime * 1000).toISOString(),
    madeBy: `COPY rootfs / # Debian busybox-static ${source.version} (i386)`,
    config: {
      Cmd: ["sh"],
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Labels: {
        "org.opencontainers.image.title": "busybox",
        "org.opencontainers.image.description": `Debian's busybox-static ${source.version} for i386, assembled by Wherry; not the official image`,
        "org.opencontainers.image.licenses": "GPL-2.0-only",
      },
    },
  };
}
