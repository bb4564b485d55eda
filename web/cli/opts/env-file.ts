import type { Cli } from "../cli.ts";
import { messageOf } from "../errors.ts";
import { fileErrorCode, fileErrorText } from "../file-error.ts";
import { cut } from "./cut.ts";

const fileLimit = 8 << 20;

/**
 * The `NAME=value` lines of an `--env-file` or `--label-file`: comments and empty lines are left out, and a name alone
 * takes its value from `lookup` or is left out.
 * @throws Error with Docker's message
 */
export async function readPairs(
  cli: Cli,
  path: string,
  lookup?: (name: string) => string | undefined,
): Promise<string[]> {
  const bytes = await cli.context.files.read(cli.resolvePath(path), fileLimit).catch((error: unknown) => {
    const text = fileErrorText(error);
    // A folder can be opened, but not read.
    throw new Error(
      fileErrorCode(error) === "EISDIR" ? `invalid env file (${path}): read ${path}: ${text}` : `open ${path}: ${text}`,
    );
  });
  try {
    return parsePairs(bytes, lookup);
  } catch (error) {
    throw new Error(`invalid env file (${path}): ${messageOf(error)}`);
  }
}

function parsePairs(bytes: Uint8Array, lookup?: (name: string) => string | undefined): string[] {
  const pairs: string[] = [];
  const text = new TextDecoder("utf-8").decode(bytes);
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (raw.includes("\u{fffd}")) throw new Error(`invalid utf8 bytes at line ${index + 1}`);
    const line = raw.trimStart();
    if (line === "" || line.startsWith("#")) continue;
    const [name, , hasValue] = cut(line, "=");
    if (name === "") throw new Error(`no variable name on line '${line}'`);
    if (/[ \t]/.test(name)) throw new Error(`variable '${name}' contains whitespaces`);
    if (hasValue) {
      pairs.push(line);
      continue;
    }
    const value = lookup?.(line);
    if (value !== undefined) pairs.push(`${name}=${value}`);
  }
  return pairs;
}

/** The variables of `--env-file` and then `--env`, as the API takes them. */
export async function environment(cli: Cli, files: readonly string[], given: readonly string[]): Promise<string[]> {
  const fromFiles: string[] = [];
  for (const file of files) fromFiles.push(...(await readPairs(cli, file, (name) => cli.context.env[name])));
  return [...fromFiles, ...given];
}
