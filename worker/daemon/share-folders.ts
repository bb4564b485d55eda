import { invalidParameter } from "../errdefs/errors.ts";
import { cleanPath } from "../internal/clean-path.ts";

/** A folder of this machine that the guest may mount (`--share DIR[:ro]`). */
export interface ShareFolder {
  /** Absolute, without `.` and `..` and without a slash at the end. */
  readonly folder: string;
  readonly readOnly: boolean;
  /** `shares/NAME` in the machine's files. */
  readonly name: string;
  /** Where in them it is; "" (the whole of them) when it is not said. */
  readonly within?: string;
}

/**
 * Parses the values of `--share`. `realPath` says what folder a path leads to through symlinks: by that, and not by its
 * name, a folder is a part of another. Throws `InvalidParameter`.
 */
export function parseShares(
  values: readonly string[],
  cwd: string,
  realPath: (folder: string) => string,
): readonly ShareFolder[] {
  const shares = values.map((value, index) => parseShare(value, index, cwd));
  for (const inner of shares.filter(({ readOnly }) => readOnly)) {
    const place = realPath(inner.folder);
    const outer = shares.find((share) => !share.readOnly && isBeneath(place, realPath(share.folder)));
    if (!outer) continue;
    throw invalidParameter(
      `conflicting values for --share: ${inner.folder} is to be read-only, and is writable as a part of ${outer.folder}`,
    );
  }
  return shares;
}

function parseShare(value: string, index: number, cwd: string): ShareFolder {
  const match = /^(.*?)(?::(ro|rw))?$/.exec(value);
  const path = match?.[1] ?? "";
  if (path === "") throw invalidParameter(`invalid value ${JSON.stringify(value)} for --share: expected DIR[:ro]`);
  return {
    folder: cleanPath(path.startsWith("/") ? path : `${cwd}/${path}`),
    readOnly: match?.[2] === "ro",
    name: `${index}`,
  };
}

/** Whether `path` is `folder` or in it. */
export function isBeneath(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? folder : `${folder}/`);
}
