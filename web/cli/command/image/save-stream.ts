import { readWhole } from "../../../../worker/internal/bytes.ts";
import type { Cli } from "../../cli.ts";
import { CliError } from "../../errors.ts";
import { fileErrorText } from "../../file-error.ts";
import { chunks } from "../../stream/bytes.ts";

/** Largest archive that is written to a file, which is held in memory until it is complete. */
const fileLimit = 1 << 30;

/**
 * Writes an archive to stdout, or to a file that appears once it is complete.
 * @param failure what could not be done, for the message about the file
 */
export async function saveStream(
  cli: Cli,
  output: string,
  failure: string,
  open: () => Promise<ReadableStream<Uint8Array>>,
): Promise<void> {
  if (output === "") {
    if (cli.out.isTerminal) {
      throw new CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    }
    for await (const chunk of chunks(await open())) await cli.out.write(chunk);
    return;
  }
  const path = cli.resolvePath(output);
  const folder = path.replace(/\/[^/]*$/, "") || "/";
  await cli.context.files.stat(folder).catch((error: unknown) => {
    throw new Error(`${failure}: invalid output path: stat ${folder}: ${fileErrorText(error)}`);
  });
  const found = await cli.context.files.stat(path).catch(() => undefined);
  if (found?.kind === "directory") throw new Error(`${failure}: cannot write to a directory`);
  const tooLarge = () => new Error(`${failure}: larger than 1 GiB: write it to stdout instead`);
  const bytes = await readWhole(chunks(await open()), fileLimit, tooLarge);
  await cli.context.files.write(path, bytes, 0o600).catch((error: unknown) => {
    throw new Error(`${failure}: open ${path}: ${fileErrorText(error)}`, { cause: error });
  });
}
