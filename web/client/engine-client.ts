import type { EngineApi, UpgradedConnection } from "../../worker/api/engine-api.ts";
import { regardless, toldElsewhere } from "../../worker/internal/failures.ts";
import { requestBody } from "../../worker/internal/streams.ts";
import type { Channel } from "../../worker/port/channel.ts";
import {
  type AnswerHead,
  inlineBody,
  isAnswerHead,
  type RequestHead,
  upgradeBodyLimit,
} from "../../worker/port/engine-protocol.ts";
import { Multiplexer } from "../../worker/port/multiplexer.ts";
import { beginsWith, readUpTo } from "./request-body.ts";

/** The Engine API of an engine at the other end of a MessagePort. */
export class EngineClient implements EngineApi {
  readonly #multiplexer: Multiplexer;

  constructor(port: MessagePort) {
    this.#multiplexer = new Multiplexer(port, { side: "client" });
  }

  async fetch(request: Request): Promise<Response> {
    const { channel, answer } = await this.#send(request, { upgrade: false });
    if (answer.kind === "response") return respond(channel, answer);
    channel.abort(new Error("no connection was asked for"));
    throw new TypeError("The engine answered a connection where a response was due");
  }

  async upgrade(request: Request): Promise<UpgradedConnection | Response> {
    const { channel, answer } = await this.#send(request, { upgrade: true });
    if (answer.kind === "response") return respond(channel, answer);
    return { readable: channel.readable, writable: channel.writable, contentType: answer.contentType };
  }

  /** Closes the port: whatever is under way fails. */
  dispose(): void {
    this.#multiplexer.dispose();
  }

  async #send(
    request: Request,
    { upgrade }: Pick<RequestHead, "upgrade">,
  ): Promise<{ channel: Channel; answer: AnswerHead }> {
    request.signal.throwIfAborted();
    const url = new URL(request.url);
    const body = await readUpTo(requestBody(request), upgrade ? upgradeBodyLimit : inlineBody);
    const head: RequestHead = {
      kind: "request",
      method: request.method,
      path: url.pathname + url.search,
      headers: [...request.headers],
      ...(body.rest ? { body: "stream" } : body.bytes.length > 0 ? { body: body.bytes } : {}),
      upgrade,
    };
    const channel = this.#multiplexer.open(head);
    request.signal.addEventListener("abort", () => channel.abort(request.signal.reason), { once: true });
    const answered = firstMessage(channel);
    if (body.rest) toldElsewhere(beginsWith(body.bytes, body.rest).pipeTo(channel.writable));
    else if (!upgrade) await channel.writable.close();
    return { channel, answer: await answered };
  }
}

function firstMessage(channel: Channel): Promise<AnswerHead> {
  return new Promise((resolve, reject) => {
    channel.signal.addEventListener("abort", () => reject(channel.signal.reason), { once: true });
    if (channel.signal.aborted) reject(channel.signal.reason);
    channel.onMessage((message) => {
      if (isAnswerHead(message)) resolve(message);
      else reject(new TypeError("The engine answered something that is no response"));
    });
  });
}

function respond(channel: Channel, answer: AnswerHead & { readonly kind: "response" }): Response {
  const init = {
    status: answer.status,
    headers: answer.headers.map(([name, value]): [string, string] => [name, value]),
  };
  if (answer.body) return new Response(channel.readable as ReadableStream<Uint8Array<ArrayBuffer>>, init);
  // Its end is waiting to be read.
  regardless(channel.readable.cancel());
  return new Response(null, init);
}
