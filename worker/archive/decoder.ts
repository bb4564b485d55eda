/** Called with decoded bytes, which it may keep. */
export type Emit = (bytes: Uint8Array) => void;

/** Decodes a stream that is pushed into it. Both calls throw `InvalidParameter` for what is not the format. */
export interface Decoder {
  /** Takes the next piece, which it does not keep, and emits what that made known. */
  push(chunk: Uint8Array, emit: Emit): void;
  /** Says that nothing more will come: a stream that is not whole is an error. */
  finish(emit: Emit): void;
}
