import { invalidParameter } from "../errdefs/errors.ts";
import type { HostSession } from "../host/host-session.ts";
import type { Disposable } from "../internal/disposable.ts";
import { regardless, toldElsewhere } from "../internal/failures.ts";
import type { DuplexBytes } from "../internal/streams.ts";
import type { Channel } from "./channel.ts";
import { type InvocationHead, isResize, isShellHead, type ShellEvent } from "./host-protocol.ts";
import { Multiplexer } from "./multiplexer.ts";

/** Serves the host's shells to a page, and the shells' `docker` invocations to the page's CLI, until disposed. */
export function serveHostSession(port: MessagePort, session: HostSession): Disposable {
  const multiplexer = new Multiplexer(port, {
    side: "engine",
    onOpen: (channel, head) => {
      shell(channel, head, session).catch((error: unknown) => channel.abort(error));
    },
    onClosed: () => invocations.dispose(),
  });
  const invocations = session.onInvocation((connection) => invocation(multiplexer, connection));
  return {
    dispose() {
      invocations.dispose();
      multiplexer.dispose();
    },
  };
}

async function shell(channel: Channel, head: unknown, session: HostSession): Promise<void> {
  if (!isShellHead(head)) throw invalidParameter("malformed request for a shell");
  const { size, env } = head;
  const opened = await session.openShell({ size, ...(env ? { env } : {}), signal: channel.signal });
  channel.onMessage((message) => {
    if (isResize(message)) regardless(opened.resize(message.size));
  });
  const tell = (event: ShellEvent): void => channel.send(event);
  tell({ kind: "opened" });
  const over = new AbortController();
  const input = regardless(channel.readable.pipeTo(opened.writable, { signal: over.signal }));
  const exited = opened.exited.then((status) => tell({ kind: "exited", status }));
  // Where the guest is gone the output breaks off as well, and tells the page.
  toldElsewhere(exited);
  try {
    await opened.readable.pipeTo(channel.writable, { preventClose: true, signal: channel.signal });
    await exited;
    await channel.writable.close();
  } finally {
    over.abort(new Error("the shell has ended"));
    await input;
  }
}

/** Ends when both directions have, or when either end broke off. */
async function invocation(multiplexer: Multiplexer, connection: DuplexBytes): Promise<void> {
  const head: InvocationHead = { kind: "invocation" };
  const channel = multiplexer.open(head);
  const outcomes = await Promise.allSettled([
    connection.readable.pipeTo(channel.writable, { signal: channel.signal }),
    channel.readable.pipeTo(connection.writable),
  ]);
  for (const outcome of outcomes) if (outcome.status === "rejected") channel.abort(outcome.reason);
}
