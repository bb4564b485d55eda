import type { EngineApi, UpgradedConnection } from "../api/engine-api.ts";
import { invalidParameter } from "../errdefs/errors.ts";
import type { Disposable } from "../internal/disposable.ts";
import { regardless } from "../internal/failures.ts";
import type { Channel } from "./channel.ts";
import { type AnswerHead, isRequestHead, type RequestHead } from "./engine-protocol.ts";
import { Multiplexer } from "./multiplexer.ts";

/** Serves the Engine API to the client at the other end of a MessagePort, until disposed. */
export function serveEngineApi(port: MessagePort, api: EngineApi): Disposable {
  return new Multiplexer(port, {
    side: "engine",
    onOpen: (channel, head) => {
      answer(channel, head, api).catch((error: unknown) => channel.abort(error));
    },
  });
}

async function answer(channel: Channel, head: unknown, api: EngineApi): Promise<void> {
  if (!isRequestHead(head)) throw invalidParameter("malformed request on a message port");
  const request = makeRequest(channel, head);
  const answered = head.upgrade ? await api.upgrade(request) : await api.fetch(request);
  if (answered instanceof Response) await respond(channel, answered);
  else await handOver(channel, answered);
  // Some engines let a signal go with its request: the request has to live as long as its answer.
  void request.signal;
}

async function respond(channel: Channel, response: Response): Promise<void> {
  const { status, headers, body } = response;
  const head: AnswerHead = { kind: "response", status, headers: [...headers], body: body !== null };
  channel.send(head);
  if (body) await body.pipeTo(channel.writable);
  else await channel.writable.close();
  // What its handler left of a body would hold the channel open.
  if (!channel.readable.locked) await channel.readable.cancel();
}

/** The output's end is the connection's, whatever the client still has to say. */
async function handOver(channel: Channel, connection: UpgradedConnection): Promise<void> {
  const head: AnswerHead = { kind: "upgraded", contentType: connection.contentType };
  channel.send(head);
  const over = new AbortController();
  const input = regardless(channel.readable.pipeTo(connection.writable, { signal: over.signal }));
  // A client that is gone is noticed here even when there is no output.
  const gone = (): void => over.abort(channel.signal.reason);
  channel.signal.addEventListener("abort", gone, { once: true });
  try {
    await connection.readable.pipeTo(channel.writable, { signal: over.signal });
  } finally {
    channel.signal.removeEventListener("abort", gone);
    over.abort(new Error("the connection has ended"));
    await input;
  }
}

function makeRequest(channel: Channel, head: RequestHead): Request {
  const init: RequestInit & { duplex?: "half" } = {
    method: head.method,
    headers: head.headers.map(([name, value]): [string, string] => [name, value]),
    signal: channel.signal,
  };
  if (head.body === "stream") Object.assign(init, { body: channel.readable, duplex: "half" });
  else if (head.body) init.body = new Uint8Array(head.body);
  return new Request(new URL(head.path, "http://localhost"), init);
}
