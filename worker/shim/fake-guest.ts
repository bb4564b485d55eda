import { type Guest, GuestError, type GuestOperation } from "./guest.ts";

/** A folder tree and a mount table that answer as a guest's kernel does, for tests that need no kernel. */
export class FakeGuest implements Pick<Guest, "run" | "usage" | "readDir"> {
  /** Every operation that was carried out, in order. */
  readonly log: GuestOperation[] = [];
  readonly paths = new Set(["/"]);
  readonly mounts: { readonly source: string; readonly target: string; readonly type: string }[] = [];
  /** How many calls there were: each is a round trip. */
  calls = 0;
  /** Answers an errno name for an operation that shall fail. */
  fails: (operation: GuestOperation) => string | undefined = () => undefined;

  async run(operations: readonly GuestOperation[]): Promise<void> {
    this.calls++;
    for (const operation of operations) {
      const code = this.fails(operation);
      if (code) throw new GuestError(5, code, operation.op);
      this.#carryOut(operation);
      this.log.push(operation);
    }
  }

  async usage(path: string): Promise<{ readonly size: number; readonly inodes: number }> {
    if (!this.paths.has(path)) throw new GuestError(2, "ENOENT", path);
    const inodes = this.#below(path).length + 1;
    return { size: inodes * 4096, inodes };
  }

  async readDir(path: string): Promise<readonly string[]> {
    if (!this.paths.has(path)) throw new GuestError(2, "ENOENT", path);
    const names = this.#below(path).map((below) => below.slice(path.length + 1));
    return names.filter((name) => !name.includes("/"));
  }

  #carryOut(operation: GuestOperation): void {
    if (operation.op === "mkdir") this.#mkdir(operation.path, operation.parents ?? false);
    if (operation.op === "write") this.paths.add(operation.path);
    if (operation.op === "bind" && operation.target) this.paths.add(operation.target);
    if (operation.op === "mount") {
      if (!this.paths.has(operation.target)) throw new GuestError(2, "ENOENT", operation.target);
      this.mounts.push(operation);
    }
    if (operation.op === "unmount") {
      const at = this.mounts.findLastIndex(({ target }) => target === operation.target);
      if (at < 0 && !operation.missingOk) throw new GuestError(22, "EINVAL", operation.target);
      if (at >= 0) this.mounts.splice(at, 1);
    }
    if (operation.op === "remove") {
      if (this.mounts.some(({ target }) => target === operation.path))
        throw new GuestError(16, "EBUSY", operation.path);
      if (!this.paths.delete(operation.path) && !operation.missingOk) throw new GuestError(2, "ENOENT", operation.path);
      for (const below of this.#below(operation.path)) this.paths.delete(below);
    }
  }

  #mkdir(path: string, parents: boolean): void {
    const parent = path.slice(0, path.lastIndexOf("/")) || "/";
    if (!this.paths.has(parent)) {
      if (!parents) throw new GuestError(2, "ENOENT", path);
      this.#mkdir(parent, true);
    }
    if (this.paths.has(path) && !parents) throw new GuestError(17, "EEXIST", path);
    this.paths.add(path);
  }

  #below(path: string): string[] {
    return [...this.paths].filter((other) => other.startsWith(`${path}/`));
  }
}
