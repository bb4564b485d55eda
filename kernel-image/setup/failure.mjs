import { cache } from "./paths.mjs";

/** Something the user can mend: its message is shown alone, without a stack. */
export class SetupFailure extends Error {
  /** @override */
  name = "SetupFailure";
}

const reasons = new Map(
  Object.entries({
    EACCES: "permission denied",
    EDQUOT: "the disk quota is used up",
    ENOSPC: "no space is left on the device",
    EPERM: "permission denied",
    EROFS: "the file system is read-only",
  }),
);

/**
 * What the machine, and not Wherry, is to blame for: a folder that cannot be written, a full disk.
 * @param {unknown} error
 */
export function systemFailure(error) {
  const { code, path, syscall } = /** @type {NodeJS.ErrnoException} */ (error);
  // Node says ENOENT of a folder that it cannot make, whatever the reason is.
  const reason = reasons.get(code ?? "") ?? (syscall === "mkdir" ? "the folder cannot be made" : undefined);
  if (!reason) return undefined;
  return new SetupFailure(
    `Cannot write ${path ?? "a file"}: ${reason}.\nWhat is built goes to ${cache}; WHERRY_CACHE names another folder.`,
  );
}
