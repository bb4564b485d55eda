/** A file that can be read at any place. A synchronous answer is cheaper for the guest. Reads past the end are short. */
export interface RandomAccess {
  /** Bytes. */
  readonly size: number;
  readAt(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
}
