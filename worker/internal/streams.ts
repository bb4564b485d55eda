/** A pair of byte streams that are one connection. Closing `writable` half-closes it. */
export interface DuplexBytes {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}
