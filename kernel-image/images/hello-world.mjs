import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { recipe } from "../setup/paths.mjs";
import { run } from "../setup/run.mjs";
import { FileTree } from "./file-tree.mjs";

const helloSource = join(recipe, "images", "hello-world", "hello.c");

/** Wherry's own program stands under Wherry's licence; its time is that of its first release. */
const mtime = Date.UTC(2026, 0, 1) / 1000;

/**
 * @param {string} work a folder for the compiler
 * @returns {Promise<import("./oci-layout.mjs").BundledImage>}
 */
export async function helloWorld(work) {
  const program = join(work, "hello");
  const flags = ["-m32", "-march=i686", "-Os", "-ffreestanding", "-fno-stack-protector", "-fno-pie", "-no-pie"];
  const link = ["-nostdlib", "-static", "-s", "-Wl,--build-id=none", "-Wl,-z,noseparate-code"];
  await run("gcc", [...flags, "-Wall", "-Wextra", ...link, "-o", program, helloSource]);
  const tree = new FileTree(mtime);
  tree.file("hello", await readFile(program), { mode: 0o755 });
  return {
    repository: "docker.io/library/hello-world",
    tags: ["latest"],
    entries: tree.entries(),
    created: new Date(mtime * 1000).toISOString(),
    madeBy: "COPY hello / # Wherry's hello.c",
    config: {
      Cmd: ["/hello"],
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Labels: {
        "org.opencontainers.image.title": "hello-world",
        "org.opencontainers.image.description": "Wherry's own greeting, in place of Docker's official image",
        "org.opencontainers.image.licenses": "Apache-2.0",
      },
    },
  };
}
