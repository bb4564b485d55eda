import { ByteQueue } from "../../worker/internal/byte-queue.ts";
import { WireReader, type WireWriter } from "../../worker/internal/wire/fields.ts";
import { encodeFrame, FLAG_MORE, type Frame, ProtocolError } from "../../worker/internal/wire/frames.ts";

/** A file operation that the caller's system refused. */
export class FileError extends Error {
  override readonly name = "FileError";
  /** Such as `ENOENT`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

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
    else pending.reject(fileError(errno));
  }

  fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

/** Linux error numbers that file operations give, with the words that Go has for them. */
const errors: Readonly<Record<number, readonly [code: string, text: string]>> = {
  1: ["EPERM", "operation not permitted"],
  2: ["ENOENT", "no such file or directory"],
  4: ["EINTR", "interrupted system call"],
  5: ["EIO", "input/output error"],
  12: ["ENOMEM", "cannot allocate memory"],
  13: ["EACCES", "permission denied"],
  16: ["EBUSY", "device or resource busy"],
  17: ["EEXIST", "file exists"],
  18: ["EXDEV", "invalid cross-device link"],
  20: ["ENOTDIR", "not a directory"],
  21: ["EISDIR", "is a directory"],
  22: ["EINVAL", "invalid argument"],
  24: ["EMFILE", "too many open files"],
  25: ["ENOTTY", "inappropriate ioctl for device"],
  26: ["ETXTBSY", "text file busy"],
  27: ["EFBIG", "file too large"],
  28: ["ENOSPC", "no space left on device"],
  30: ["EROFS", "read-only file system"],
  36: ["ENAMETOOLONG", "file name too long"],
  39: ["ENOTEMPTY", "directory not empty"],
  40: ["ELOOP", "too many levels of symbolic links"],
  122: ["EDQUOT", "disk quota exceeded"],
};

export function fileError(errno: number): FileError {
  const [code, text] = errors[errno] ?? [`errno ${errno}`, `errno ${errno}`];
  return new FileError(code, text);
}
