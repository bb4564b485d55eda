/** Linux error numbers that the 9p server answers with. */
export const errno = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EBADF: 9,
  EACCES: 13,
  EEXIST: 17,
  EXDEV: 18,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  EROFS: 30,
  ENAMETOOLONG: 36,
  EPROTO: 71,
  EILSEQ: 84,
  EOPNOTSUPP: 95,
  ESTALE: 116,
} as const;

/** A request is refused: the guest gets `Rlerror` with this number. */
export class NinepError extends Error {
  override readonly name = "NinepError";
  readonly errno: number;

  constructor(number: number, message: string) {
    super(message);
    this.errno = number;
  }
}
