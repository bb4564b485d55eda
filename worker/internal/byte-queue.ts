/**
 * Bytes that came in pieces, to be looked at and cut off as one. Room doubles when it runs out, so that a byte is copied a
 * few times at most, however small the pieces are. What was given out is never written over.
 */
export class ByteQueue {
  #room: Uint8Array = new Uint8Array();
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** What is held, until the next `push`. */
  get bytes(): Uint8Array {
    return this.#room.subarray(this.#start, this.#end);
  }

  /** Takes the piece over: the caller leaves it alone from now on. */
  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    if (this.length === 0) {
      // A plain view, whatever subclass came: Node's Buffer means something else by slice and toString.
      this.#room = new Uint8Array(piece.buffer, piece.byteOffset, piece.length);
      this.#start = 0;
      this.#end = piece.length;
      return;
    }
    if (this.#end + piece.length > this.#room.length) {
      const held = this.bytes;
      this.#room = new Uint8Array(Math.max(2 * held.length, held.length + piece.length));
      this.#room.set(held);
      this.#start = 0;
      this.#end = held.length;
    }
    this.#room.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** Cuts off the first `count` bytes, or all if there are fewer. */
  cut(count: number): Uint8Array {
    const from = this.#start;
    this.#start = Math.min(from + count, this.#end);
    return this.#room.subarray(from, this.#start);
  }
}
