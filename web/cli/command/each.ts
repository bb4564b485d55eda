import type { Cli } from "../cli.ts";
import { CliError } from "../errors.ts";
import { OutputClosed } from "../output.ts";

/** Something that went wrong, and is told as it happens, but does not count. */
export class Forgiven extends Error {
  override readonly name = "Forgiven";
}

/** How many containers are worked on at the same time. */
const parallelism = 50;

/**
 * Does the same to each of the named things, at the same time, and tells in their order: the name that was given goes to
 * stdout where it worked.
 * @throws CliError that ends the invocation with 1 and says what failed
 */
export async function forEach(
  cli: Cli,
  names: readonly string[],
  operation: (name: string) => Promise<unknown>,
): Promise<void> {
  const errors: string[] = [];
  for (let start = 0; start < names.length; start += parallelism) {
    const batch = names.slice(start, start + parallelism);
    const outcomes = batch.map((name) => operation(name).then(() => undefined, asError));
    for (const [index, name] of batch.entries()) {
      const error = await outcomes[index];
      if (error instanceof Forgiven) await cli.err.line(error.message);
      else if (error) errors.push(error.message);
      else await cli.out.line(name);
    }
  }
  if (cli.signal.aborted) throw cli.signal.reason;
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}

/** As {@link forEach}, one after the other. */
export async function forEachInTurn(
  cli: Cli,
  names: readonly string[],
  operation: (name: string) => Promise<unknown>,
): Promise<void> {
  const errors: string[] = [];
  for (const name of names) {
    const error = await operation(name).then(() => undefined, asError);
    if (error instanceof OutputClosed) throw error;
    if (cli.signal.aborted) throw cli.signal.reason;
    if (error) errors.push(error.message);
    else await cli.out.line(name);
  }
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
