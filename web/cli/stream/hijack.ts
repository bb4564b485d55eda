import type { UpgradedConnection } from "../../../worker/api/engine-api.ts";
import { regardless, toldElsewhere } from "../../../worker/internal/failures.ts";
import type { Cli } from "../cli.ts";
import type { Output } from "../output.ts";
import { chunks } from "./bytes.ts";
import { DetachFilter, parseDetachKeys } from "./detach-keys.ts";
import { demultiplex } from "./stdcopy.ts";

/** A connection that was taken over by attach or exec, and what of it the user sees. */
export interface Hijacked {
  readonly connection: UpgradedConnection;
  /** The process has a terminal: its output is one raw stream, and typed keys are watched for the detach sequence. */
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: Output | undefined;
  readonly stderr: Output | undefined;
  /** As the user configured them; empty for the default. */
  readonly detachKeys: string;
}

/** How the streams came to an end: `detached` when the user typed the detach keys. */
export type StreamEnd = "ended" | "detached";

/**
 * Copies between the invocation's streams and the connection until its output ends, or until the user detaches. A terminal
 * on stdin is raw meanwhile when the process has one too.
 * @param signal ends it early
 */
export async function streamHijacked(cli: Cli, hijacked: Hijacked, signal: AbortSignal): Promise<StreamEnd> {
  const raw = hijacked.stdin && hijacked.tty && cli.context.tty.stdin;
  if (raw) await cli.context.setRaw(true);
  const input = new InputCopy(cli, hijacked);
  const copiesOutput = hijacked.stdout !== undefined || hijacked.stderr !== undefined;
  try {
    const output = copiesOutput ? copyOutput(hijacked).then(() => "ended" as const) : undefined;
    const ends: Promise<StreamEnd>[] = [aborted(signal), input.run(output === undefined)];
    // What loses the race may still fail.
    for (const end of [...ends, output]) toldElsewhere(end);
    if (output) ends.push(output);
    return await Promise.race(ends);
  } finally {
    input.stop();
    if (raw) await cli.context.setRaw(false);
    await regardless(hijacked.connection.readable.cancel());
  }
}

async function copyOutput({ connection, tty, stdout, stderr }: Hijacked): Promise<void> {
  if (!tty || stdout === undefined) return await demultiplex(connection.readable, { stdout, stderr });
  for await (const chunk of chunks(connection.readable)) await stdout.write(chunk);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

class InputCopy {
  readonly #hijacked: Hijacked;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #stopped = false;

  constructor(cli: Cli, hijacked: Hijacked) {
    this.#hijacked = hijacked;
    this.#reader = hijacked.stdin ? cli.context.stdin.getReader() : undefined;
    this.#writer = hijacked.connection.writable.getWriter();
    toldElsewhere(this.#writer.closed);
  }

  /**
   * Settles only for what decides the whole: the detach keys, or the end of the input when nothing else is waited for.
   * Trouble with sending shows on the receiving side too.
   */
  run(endsWithInput: boolean): Promise<StreamEnd> {
    return new Promise((resolve) => {
      this.#copy().then(
        (end) => {
          if (end === "detached" || endsWithInput) resolve(end);
        },
        () => {
          if (endsWithInput) resolve("ended");
        },
      );
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#reader?.releaseLock();
    regardless(this.#writer.close());
  }

  async #copy(): Promise<StreamEnd> {
    const filter = this.#hijacked.tty ? new DetachFilter(keysOrDefault(this.#hijacked.detachKeys)) : undefined;
    while (this.#reader && !this.#stopped) {
      const { done, value } = await this.#reader.read();
      if (done) break;
      const { bytes, detached } = filter ? filter.push(value) : { bytes: value, detached: false };
      await this.#writer.ready;
      if (bytes.length > 0) await this.#writer.write(bytes);
      if (detached) return "detached";
    }
    await this.#writer.close();
    return "ended";
  }
}

function keysOrDefault(text: string): readonly number[] {
  try {
    return parseDetachKeys(text);
  } catch {
    return parseDetachKeys("");
  }
}
