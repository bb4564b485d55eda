import { messageOf } from "./errors.ts";

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

const texts: ReadonlyMap<string, string> = new Map(Object.values(errors));

/** A file operation that the caller's system refused. */
export class FileError extends Error {
  override readonly name = "FileError";
  /** Such as `ENOENT`. */
  readonly code: string;

  constructor(errno: number) {
    const [code, text] = errors[errno] ?? [`errno ${errno}`, `errno ${errno}`];
    super(text);
    this.code = code;
  }
}

/** Such as `ENOENT`; empty when it is no system's error. */
export function fileErrorCode(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

/** What the system says about a file that could not be used, in Go's words. */
export function fileErrorText(error: unknown): string {
  return texts.get(fileErrorCode(error)) ?? messageOf(error);
}
