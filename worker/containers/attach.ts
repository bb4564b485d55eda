import type { AttachedStreams, ContainerAttachOptions } from "../api/types/backend.ts";
import { conflict } from "../errdefs/errors.ts";
import { regardless } from "../internal/failures.ts";
import type { ContainersComponents } from "./components.ts";
import type { Container } from "./container.ts";
import { openLogForReading } from "./container-log.ts";
import { defaultDetachKeys, detachable, parseDetachKeys } from "./detach-keys.ts";

/**
 * Takes hold of a container's streams, before it starts or while it runs. `reference`: how the client named it, for errors;
 * `find` is called after the keys were looked at, as Docker does.
 */
export async function attach(
  components: Pick<ContainersComponents, "events" | "logs">,
  find: () => Container,
  reference: string,
  options: ContainerAttachOptions,
): Promise<AttachedStreams> {
  const keys = parseDetachKeys(options.detachKeys || defaultDetachKeys);
  const container = find();
  if (container.state.status === "paused") {
    throw conflict(`container ${reference} is paused, unpause the container before attach`);
  }
  if (container.state.status === "restarting") {
    throw conflict(`container ${reference} is restarting, wait until the container is running`);
  }
  const { stdio, record } = container;
  const detach = new AbortController();
  if (options.signal) options.signal.addEventListener("abort", () => detach.abort(), { once: true });
  // Subscribed before the log is read, so that nothing falls in between.
  const live = (name: "stdout" | "stderr") =>
    options.stream ? endedBy(stdio[name].subscribe(), detach.signal) : undefined;
  const stdout = options.stdout ? live("stdout") : undefined;
  const stderr = options.stderr && !stdio.tty ? live("stderr") : undefined;
  const replay = options.logs ? await readLog(components, container) : undefined;
  components.events.publish("container", "attach", container.id, container.attributes());
  const onDetach = () => {
    components.events.publish("container", "detach", container.id, container.attributes());
    detach.abort();
  };
  const wantsStdin = options.stdin && options.stream && record.config.OpenStdin;
  const stdin = wantsStdin ? stdio.openStdin(() => detach.abort()) : undefined;
  return {
    tty: stdio.tty,
    ...(stdin && { stdin: stdio.tty ? detachable(stdin, keys, onDetach) : stdin }),
    ...(options.stdout && { stdout: join(replay?.stdout, stdout) }),
    ...(options.stderr && !stdio.tty && { stderr: join(replay?.stderr, stderr) }),
  };
}

async function readLog(components: Pick<ContainersComponents, "logs">, container: Container) {
  const log = await openLogForReading(components.logs, container.record);
  const pieces: Record<"stdout" | "stderr", Uint8Array[]> = { stdout: [], stderr: [] };
  for (const { stream, bytes } of log.entries) pieces[stream].push(bytes);
  return pieces;
}

function join(
  first: readonly Uint8Array[] = [],
  second: ReadableStream<Uint8Array> | undefined,
): ReadableStream<Uint8Array> {
  if (first.length === 0 && second) return second;
  const reader = second?.getReader();
  let index = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = first[index++];
        if (piece) return controller.enqueue(piece);
        const next = await reader?.read();
        if (!next || next.done) return controller.close();
        controller.enqueue(next.value);
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** The stream, until the signal: then it ends as if it were done. */
export function endedBy(stream: ReadableStream<Uint8Array>, signal: AbortSignal): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const end = () => {
          regardless(reader.cancel());
          try {
            controller.close();
          } catch {
            // It had ended already.
          }
        };
        if (signal.aborted) return end();
        signal.addEventListener("abort", end, { once: true });
      },
      async pull(controller) {
        const { done, value } = await reader.read();
        if (signal.aborted) return;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
