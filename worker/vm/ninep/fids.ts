import { errno, NinepError } from "./errno.ts";
import type { NinepNode, NodeEntry, OpenNode } from "./node.ts";

/** The guest keeps a fid for each name that it knows; more than this is a guest gone wrong. */
const mostFids = 1 << 16;
/** Open files are descriptors of the host's process. */
const mostOpen = 4096;
/** Entries of listings that are being gone through: a directory of the host may be large, and many may be open at once. */
const mostListed = 1 << 20;

/** A handle of the guest. */
export interface Fid {
  node: NinepNode;
  /** Who attached: what is created through it belongs to this user. */
  readonly uid: number;
  open?: OpenNode;
  /** The listing that `readdir` is going through. */
  listing?: readonly NodeEntry[];
}

/** The handles of one mount. */
export class Fids {
  readonly #fids = new Map<number, Fid>();
  #open = 0;
  #listed = 0;

  get(number: number): Fid {
    const fid = this.#fids.get(number);
    if (!fid) throw new NinepError(errno.EBADF, `fid ${number} is not known`);
    return fid;
  }

  add(number: number, fid: Fid): void {
    if (this.#fids.has(number)) throw new NinepError(errno.EBADF, `fid ${number} is in use`);
    if (this.#fids.size >= mostFids) throw new NinepError(errno.ENFILE, "too many fids");
    this.#fids.set(number, fid);
  }

  /** Opens a file for `fid`; refuses a second time, and too many. */
  opening(fid: Fid, open: () => OpenNode): void {
    if (fid.open) throw new NinepError(errno.EBADF, "the fid is open already");
    if (this.#open >= mostOpen) throw new NinepError(errno.EMFILE, "too many open files");
    fid.open = open();
    this.#open += 1;
  }

  /** Takes the listing that `readdir` is to go through; refuses when too much is held already. */
  listing(fid: Fid, entries: readonly NodeEntry[]): readonly NodeEntry[] {
    const listed = this.#listed - (fid.listing?.length ?? 0) + entries.length;
    if (listed > mostListed) throw new NinepError(errno.ENFILE, "too many open listings");
    this.#listed = listed;
    fid.listing = entries;
    return entries;
  }

  remove(number: number): void {
    const fid = this.get(number);
    this.#fids.delete(number);
    this.#close(fid);
  }

  clear(): void {
    const fids = [...this.#fids.values()];
    this.#fids.clear();
    for (const fid of fids) this.#close(fid);
  }

  [Symbol.iterator](): Iterator<Fid> {
    return this.#fids.values();
  }

  #close(fid: Fid): void {
    this.#listed -= fid.listing?.length ?? 0;
    delete fid.listing;
    if (!fid.open) return;
    this.#open -= 1;
    const { open } = fid;
    delete fid.open;
    open.close();
  }
}
