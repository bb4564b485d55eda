/** Frames of both protocols between host and guest (kernel-image/protocol.md). */

const FRAME_HEADER = 12;
/** Bytes of a payload. */
export const FRAME_MAX = 65536;
/** The next frame of the same id and type continues this one. */
export const FLAG_MORE = 1;

/** The guest's side broke the protocol. What it sends is untrusted, so the conversation is given up, not the process. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  /** At most FRAME_MAX bytes. May alias what was received. */
  readonly payload: Uint8Array;
}

/** One array with header and payload, so that the payload's owner may reuse it. */
export function encodeFrame(type: number, id: number, payload?: Uint8Array, flags = 0): Uint8Array {
  const length = payload?.length ?? 0;
  if (length > FRAME_MAX) throw new RangeError(`Cannot send a frame of ${length} bytes: expected at most ${FRAME_MAX}`);
  const bytes = new Uint8Array(FRAME_HEADER + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, id, true);
  if (payload) bytes.set(payload, FRAME_HEADER);
  return bytes;
}

/** Cuts a byte stream into frames. Keeps at most one incomplete frame. */
export class FrameReader {
  #partial: Uint8Array | undefined;
  #have = 0;

  /** Calls `deliver` with each frame that `bytes` completes. Throws ProtocolError for a frame that is too long. */
  push(bytes: Uint8Array, deliver: (frame: Frame) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#partial || bytes.length - at < FRAME_HEADER) {
        at += this.#collect(bytes.subarray(at), deliver);
        continue;
      }
      const length = frameLength(bytes, at);
      if (bytes.length - at < length) {
        at += this.#collect(bytes.subarray(at), deliver);
      } else {
        deliver(decode(bytes.subarray(at, at + length)));
        at += length;
      }
    }
  }

  /** Adds to the incomplete frame, first up to its header and then up to its end; returns how many bytes it took. */
  #collect(bytes: Uint8Array, deliver: (frame: Frame) => void): number {
    let partial = this.#partial ?? new Uint8Array(FRAME_HEADER);
    const taken = Math.min(bytes.length, partial.length - this.#have);
    partial.set(bytes.subarray(0, taken), this.#have);
    this.#have += taken;
    if (this.#have === FRAME_HEADER && partial.length === FRAME_HEADER) {
      const whole = new Uint8Array(frameLength(partial, 0));
      whole.set(partial);
      partial = whole;
    }
    this.#partial = partial;
    if (this.#have === partial.length) {
      this.#partial = undefined;
      this.#have = 0;
      deliver(decode(partial));
    }
    return taken;
  }
}

function frameLength(bytes: Uint8Array, at: number): number {
  const payload = new DataView(bytes.buffer, bytes.byteOffset + at, FRAME_HEADER).getUint32(0, true);
  if (payload > FRAME_MAX) throw new ProtocolError(`frame of ${payload} bytes`);
  return FRAME_HEADER + payload;
}

function decode(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER);
  return {
    type: view.getUint16(4, true),
    flags: view.getUint16(6, true),
    id: view.getUint32(8, true),
    payload: bytes.subarray(FRAME_HEADER),
  };
}
