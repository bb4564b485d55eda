import type { AttachedStreams } from "../api/types/backend.ts";
import { type Clock, settlesWithin } from "../internal/clock.ts";
import { regardless, toldElsewhere } from "../internal/failures.ts";
import type { Process } from "../runtime/runtime.ts";
import { endedBy } from "./attach.ts";
import { defaultDetachKeys, detachable, parseDetachKeys } from "./detach-keys.ts";
import { drainTime, OutputFan } from "./output-fan.ts";

export interface ClientOptions {
  readonly tty: boolean;
  /** As the client wrote them; the default ones when empty. */
  readonly detachKeys: string;
  readonly clock: Clock;
  /** Aborted when the client leaves, by this end or the other. A client that leaves does not end the process. */
  readonly leave: AbortController;
  readonly detached: () => void;
}

/** What the client gets of the process, until that ends or the client leaves. */
export function clientStreams(process: Process, options: ClientOptions): AttachedStreams {
  const { tty, detachKeys, clock, leave, detached } = options;
  const keys = parseDetachKeys(detachKeys || defaultDetachKeys);
  const onDetach = () => {
    detached();
    leave.abort();
  };
  const stdin = process.stdin && quiet(process.stdin);
  const outputs = [process.stdout, process.stderr].map((source) => source && { source, fan: new OutputFan() });
  const [stdout, stderr] = outputs.map((output) => output && endedBy(output.fan.subscribe(), leave.signal));
  void copyOutputs(
    process,
    outputs.filter((output) => output !== undefined),
    clock,
  );
  return {
    tty,
    ...(stdin && { stdin: tty ? detachable(stdin, keys, onDetach) : stdin }),
    ...(stdout && { stdout }),
    ...(stderr && { stderr }),
  };
}

interface Output {
  readonly source: ReadableStream<Uint8Array>;
  readonly fan: OutputFan;
}

/**
 * Copies output, which ends no sooner than the process, so that who has read it all can ask for the exit code. When its
 * reader has left the rest is read and dropped.
 */
async function copyOutputs(process: Process, outputs: readonly Output[], clock: Clock): Promise<void> {
  const copied = Promise.allSettled(
    outputs.map(async ({ source, fan }) => {
      for await (const bytes of source) await fan.write(bytes);
    }),
  );
  await regardless(process.exited);
  for (const { fan } of outputs) fan.hurry();
  await settlesWithin(clock, copied, drainTime);
  for (const { fan } of outputs) fan.close();
}

/** A process that has ended reads no more; that is no error for who writes. */
function quiet(stdin: WritableStream<Uint8Array>): WritableStream<Uint8Array> {
  const writer = stdin.getWriter();
  return new WritableStream<Uint8Array>({
    write: (bytes) => regardless(writer.write(bytes)),
    close: () => regardless(writer.close()),
    abort: () => regardless(writer.close()),
  });
}

/** The streams of a process that is being started. They are there at once, and pass on what comes. */
export function promisedStreams(
  { tty, stdin }: { readonly tty: boolean; readonly stdin: boolean },
  streams: Promise<AttachedStreams>,
): AttachedStreams {
  return {
    tty,
    ...(stdin && { stdin: promisedSink(streams) }),
    stdout: promisedSource(streams.then(({ stdout }) => stdout)),
    ...(!tty && { stderr: promisedSource(streams.then(({ stderr }) => stderr)) }),
  };
}

function promisedSource(source: Promise<ReadableStream<Uint8Array> | undefined>): ReadableStream<Uint8Array> {
  const reader = source.then((stream) => stream?.getReader());
  toldElsewhere(reader);
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const piece = await (await reader)?.read();
        if (piece?.value) controller.enqueue(piece.value);
        else controller.close();
      },
      cancel: async (reason) => (await reader)?.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function promisedSink(streams: Promise<AttachedStreams>): WritableStream<Uint8Array> {
  const writer = streams.then(({ stdin }) => stdin?.getWriter());
  toldElsewhere(writer);
  return new WritableStream<Uint8Array>({
    write: async (bytes) => (await writer)?.write(bytes),
    close: async () => (await writer)?.close(),
    abort: async (reason) => (await writer)?.abort(reason),
  });
}
