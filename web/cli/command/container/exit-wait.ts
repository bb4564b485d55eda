import { regardless } from "../../../../worker/internal/failures.ts";
import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import { exitWith, messageOf } from "../../errors.ts";

interface WaitAnswer {
  readonly StatusCode: number;
  readonly Error?: { readonly Message?: string } | null;
}

/** A container's end that is waited for. */
export interface ExitWait {
  /** Settles with the exit code, 125 when it cannot be had; never rejects. */
  readonly exitCode: Promise<number>;
}

/**
 * Registers for the container's end. Resolves once the engine listens, which it says by answering the header at once, so that
 * a container that is started next cannot end unseen.
 */
export async function waitForExit(cli: Cli, id: string, condition: "next-exit" | "removed"): Promise<ExitWait> {
  const failed = async (text: string) => {
    await regardless(cli.err.line(text));
    return 125;
  };
  const lost = (error: unknown) => failed(`error waiting for container: ${messageOf(error)}`);
  try {
    const response = await cli.api.request("POST", `/containers${apiPath(id, "wait")}`, {
      query: { condition },
      signal: cli.context.signal,
    });
    const answer = response.json() as Promise<WaitAnswer>;
    const read = (result: WaitAnswer) =>
      result.Error ? failed(`Error waiting for container: ${result.Error.Message ?? ""}`) : result.StatusCode;
    return { exitCode: answer.then(read, lost) };
  } catch (error) {
    return { exitCode: lost(error) };
  }
}

/** Ends the invocation with the container's exit code, when it is not 0. */
export function endWith(exitCode: number): void {
  if (exitCode !== 0) throw exitWith(exitCode);
}
