import type { FileWriter } from "../../content/files.ts";
import { blockSize } from "./format.ts";

const bufferSize = 256 * blockSize;

/** Appends to a file in large portions and knows where it is. */
export class BlockWriter {
  readonly #out: FileWriter;
  readonly #buffer = new Uint8Array(bufferSize);
  #used = 0;
  #written = 0;

  constructor(out: FileWriter) {
    this.#out = out;
  }

  /** Bytes so far. */
  get position(): number {
    return this.#written + this.#used;
  }

  /** Blocks so far, the last one perhaps not full. */
  get blocks(): number {
    return Math.ceil(this.position / blockSize);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(bytes.length - at, bufferSize - this.#used);
      this.#buffer.set(at === 0 && length === bytes.length ? bytes : bytes.subarray(at, at + length), this.#used);
      this.#used += length;
      at += length;
      if (this.#used === bufferSize) await this.flush();
    }
  }

  /** Fills with zeros up to `position`. */
  async padTo(position: number): Promise<void> {
    while (this.position < position) {
      const length = Math.min(position - this.position, bufferSize - this.#used);
      this.#buffer.fill(0, this.#used, this.#used + length);
      this.#used += length;
      if (this.#used === bufferSize) await this.flush();
    }
  }

  /** Fills the last block. */
  async padBlock(): Promise<void> {
    await this.padTo(this.blocks * blockSize);
  }

  async flush(): Promise<void> {
    if (this.#used === 0) return;
    await this.#out.write(this.#buffer.subarray(0, this.#used));
    this.#written += this.#used;
    this.#used = 0;
  }
}
