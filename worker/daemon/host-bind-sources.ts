import type { BindSource, BindSources } from "../containers/components.ts";
import { cleanPath } from "../internal/clean-path.ts";
import { isBeneath, type ShareFolder } from "./share-folders.ts";

/** The engine's own socket in the guest, for containers that mount it. */
export const guestDockerSocket = "/run/docker.sock";

/**
 * Bind sources are paths of this machine: those below a shared folder are reached through it, others not at all. The engine's own
 * socket is the same engine's in the guest.
 */
export class SharedBindSources implements BindSources {
  readonly hint = "folders of this machine are reached when they were shared with --share DIR";
  #shares: readonly ShareFolder[] = [];
  readonly #mountpoint: string;
  readonly #sockets: ReadonlySet<string>;

  /** `mountpoint` is where the guest has mounted the machine's files; `sockets` are paths on which this engine listens. */
  constructor(shares: readonly ShareFolder[], mountpoint: string, sockets: readonly string[]) {
    this.#sockets = new Set(["/var/run/docker.sock", "/run/docker.sock", ...sockets]);
    this.#mountpoint = mountpoint;
    for (const share of shares.toReversed()) this.add(share);
  }

  /** The innermost folder decides; of several on one folder, the one that came last. */
  add(share: ShareFolder): void {
    this.#shares = [share, ...this.#shares].toSorted((a, b) => b.folder.length - a.folder.length);
  }

  /** Whether `source` stands for the engine's own socket. */
  isOwnSocket(source: string): boolean {
    return this.#sockets.has(cleanPath(`/${source}`));
  }

  resolve(source: string): BindSource | undefined {
    const path = cleanPath(`/${source}`);
    if (this.#sockets.has(path)) return { path: guestDockerSocket };
    const share = this.#shares.find(({ folder }) => isBeneath(path, folder));
    if (!share) return undefined;
    const parts = [share.within ?? "", path.slice(share.folder.length).replace(/^\/+/, "")];
    return { root: `${this.#mountpoint}/shares/${share.name}`, path: parts.filter(Boolean).join("/") };
  }
}

/** Bind sources are paths of the guest, which is the Docker host where there is no other. */
export const guestBindSources: BindSources = { resolve: (source) => ({ path: cleanPath(`/${source}`) }) };
