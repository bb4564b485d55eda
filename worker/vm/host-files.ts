import { conflict, invalidParameter } from "../errdefs/errors.ts";
import type { RandomAccess } from "../internal/random-access.ts";
import type { HostTree } from "./host-tree.ts";
import type { HostFiles } from "./machine.ts";
import type { NinepNode } from "./ninep/node.ts";
import { PublishedDirectory, PublishedFile } from "./ninep/published.ts";
import { ShareNode } from "./ninep/share.ts";

/** `HostFiles` as the tree of a 9p server. */
export class NinepHostFiles implements HostFiles {
  readonly #layers = new PublishedDirectory();
  readonly #shares = new PublishedDirectory();
  readonly root: NinepNode;

  constructor() {
    const root = new PublishedDirectory();
    root.add("layers", this.#layers);
    root.add("shares", this.#shares);
    this.root = root;
  }

  publish(name: string, file: RandomAccess): void {
    mustBeName(name);
    const former = this.#layers.get(name);
    if (former instanceof PublishedFile) {
      if (former.size === file.size) return;
      throw conflict(`Cannot publish ${name}: other content is published under that name`);
    }
    this.#layers.add(name, new PublishedFile(file));
  }

  withdraw(name: string): void {
    const file = this.#layers.get(name);
    if (file instanceof PublishedFile) file.withdraw();
    this.#layers.remove(name);
  }

  share(name: string, tree: HostTree): void {
    mustBeName(name);
    this.#shares.add(name, new ShareNode(tree, []));
  }
}

function mustBeName(name: string): void {
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name) || name.length > 200) {
    throw invalidParameter(`Not a file name: ${JSON.stringify(name)}`);
  }
}
