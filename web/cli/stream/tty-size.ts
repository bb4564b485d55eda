import { sleep } from "../../../worker/internal/clock.ts";
import { regardless } from "../../../worker/internal/failures.ts";
import type { TerminalSize } from "../../../worker/shim/guest.ts";
import type { Cli } from "../cli.ts";
import { apiPath } from "../client.ts";

/** What has a terminal to resize. */
export interface ResizeTarget {
  readonly kind: "containers" | "exec";
  readonly id: string;
}

const attempts = 10;

export async function resizeTo(cli: Cli, target: ResizeTarget, size: TerminalSize): Promise<void> {
  if (size.rows === 0 && size.columns === 0) return;
  await cli.api.send("POST", `/${target.kind}${apiPath(target.id, "resize")}`, {
    query: { h: size.rows, w: size.columns },
    signal: cli.context.signal,
  });
}

/** Gives the process the terminal's size, now and on every change until disposed. */
export function followSize(cli: Cli, target: ResizeTarget): { dispose(): void } {
  let ended = false;
  void initialSize(cli, target, () => ended);
  const subscription = cli.context.onResize((size) => {
    // A process that just ended has no terminal any more; that is no one's concern.
    regardless(resizeTo(cli, target, size));
  });
  return {
    dispose: () => {
      ended = true;
      subscription.dispose();
    },
  };
}

/** The process may not have its terminal yet, so a refusal is tried again. */
async function initialSize(cli: Cli, target: ResizeTarget, ended: () => boolean): Promise<void> {
  for (let attempt = 0; attempt <= attempts && !ended(); attempt++) {
    const size = cli.context.size();
    if (!size) return;
    try {
      return await resizeTo(cli, target, size);
    } catch {
      await sleep((attempt + 1) * 10);
    }
  }
  if (!ended()) await regardless(cli.err.line("failed to resize tty, using default size"));
}
