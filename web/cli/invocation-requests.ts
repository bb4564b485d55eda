import { ByteQueue } from "../../worker/internal/byte-queue.ts";
import { WireReader, type WireWriter } from "../../worker/internal/wire/fields.ts";
import { encodeFrame, FLAG_MORE, type Frame, ProtocolError } from "../../worker/internal/wire/frames.ts";
import { FileError } from "./file-error.ts";

interface Pending {
  readonly limit: number;
  readonly answer: ByteQueue;
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** Requests to the program, matched with their results. */
export class InvocationRequests {
  readonly #send: (frame: Uint8Array) => Promise<void>;
  readonly #pending = new Map<number, Pending>();
  #next = 1;
  #failure: Error | undefined;

  constructor(send: (frame: Uint8Array) => Promise<void>) {
    this.#send = send;
  }

  /** Resolves with the answer, which may be at most `limit` bytes. Rejects with FileError when it is refused. */
  ask(type: number, fields: WireWriter, limit = 0): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      const id = this.#next++;
      this.#pending.set(id, { limit, answer: new ByteQueue(), resolve, reject });
      this.#send(encodeFrame(type, id, fields.finish())).catch(reject);
    });
  }

  /** RESULT from the program. */
  result(frame: Frame): void {
    const pending = this.#pending.get(frame.id);
    if (!pending) throw new ProtocolError(`result of unknown request ${frame.id}`);
    const fields = new WireReader(frame.payload);
    const errno = fields.u32();
    const part = fields.rest();
    if (pending.answer.length + part.length > pending.limit) throw new ProtocolError("answer too long");
    pending.answer.push(part);
    if ((frame.flags & FLAG_MORE) !== 0) return;
    this.#pending.delete(frame.id);
    if (errno === 0) pending.resolve(pending.answer.bytes);
    else pending.reject(new FileError(errno));
  }

  fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
