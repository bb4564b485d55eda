import { errorMessage, forbidden } from "../../errdefs/errors.ts";
import { regardless, toldElsewhere } from "../../internal/failures.ts";
import type { DuplexBytes } from "../../internal/streams.ts";
import type { EngineApi } from "../engine-api.ts";
import { errorResponse } from "../responses.ts";
import { matchRoute, takesConnectionOver } from "../route-table.ts";
import { splitVersion } from "../version.ts";
import { ByteReader } from "./byte-reader.ts";
import { handOver } from "./hand-over.ts";
import { RequestBody } from "./request-body.ts";
import { BadRequest, bodyLength, fieldValues, hasWord, headEnds, parseHead, type RequestHead } from "./request-head.ts";
import { badRequestResponse, encodeHead, writeResponse } from "./response-writer.ts";

const headLimit = 64 << 10;
/** Bodies up to here are read whole before the handler is called. */
const wholeBody = 64 << 10;
const drainLimit = 256 << 10;

export interface ServeOptions {
  /** Answers why a request is refused (403), by its head, or undefined. */
  readonly refuse?: (head: RequestHead) => string | undefined;
  /** Ends the connection and what runs on it. */
  readonly signal?: AbortSignal;
  /** Milliseconds in which the head of a request has to come; Docker's server gives five minutes. */
  readonly headTime?: number;
}

const usualHeadTime = 5 * 60_000;

/**
 * Serves the Engine API over one connection with HTTP/1.1 (RFC 9112), one request after the other, until it is closed or taken
 * over. Like Docker's server it takes the end of the client's bytes for the client going away, unless the connection was taken over:
 * then it ends stdin only. Never rejects: what goes wrong ends the connection.
 */
export async function serveConnection(
  connection: DuplexBytes,
  api: EngineApi,
  options: ServeOptions = {},
): Promise<void> {
  const reader = new ByteReader(connection.readable);
  const writer = connection.writable.getWriter();
  // Its failures are seen by the writes.
  toldElsewhere(writer.closed);
  const end = (): void => {
    regardless(writer.abort(options.signal?.reason));
    regardless(reader.cancel(options.signal?.reason));
  };
  options.signal?.addEventListener("abort", end, { once: true });
  if (options.signal?.aborted) end();
  try {
    while (await serveRequest(reader, writer, api, options)) {
      // A kept connection may rest before the next request.
      if (reader.buffered === 0 && !(await reader.fill())) break;
    }
    await writer.close();
  } catch (error) {
    await regardless(writer.abort(error));
  } finally {
    options.signal?.removeEventListener("abort", end);
    await regardless(reader.cancel());
  }
}

type Writer = WritableStreamDefaultWriter<Uint8Array>;

async function serveRequest(
  reader: ByteReader,
  writer: Writer,
  api: EngineApi,
  options: ServeOptions,
): Promise<boolean> {
  try {
    const bytes = await takeHead(reader, options.headTime ?? usualHeadTime);
    if (bytes === undefined) return false;
    if (bytes === "overflow") throw new BadRequest(431, "request header fields too large");
    const head = parseHead(bytes);
    const refusal = options.refuse?.(head);
    if (refusal) return await writeLast(writer, errorResponse(forbidden(refusal)));
    return await answer(new Exchange(head, reader, writer, options.signal), api);
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    return await writeLast(writer, badRequestResponse(error));
  }
}

/** The connection ends with it. */
function writeLast(writer: Writer, response: Response): Promise<boolean> {
  const signal = new AbortController().signal;
  return writeResponse(writer, response, { head: false, http10: false, close: true, signal });
}

/** Undefined when the client left, or took too long: then the connection ends. */
async function takeHead(reader: ByteReader, milliseconds: number): Promise<Uint8Array | undefined | "overflow"> {
  const expired = setTimeout(() => regardless(reader.cancel(new Error("no request came"))), milliseconds);
  try {
    return await reader.takeUntil(headEnds, headLimit);
  } finally {
    clearTimeout(expired);
  }
}

/** One request and what is known of its client. */
class Exchange {
  readonly head: RequestHead;
  readonly reader: ByteReader;
  readonly writer: Writer;
  readonly body: RequestBody;
  readonly gone = new AbortController();
  readonly signal: AbortSignal;

  constructor(head: RequestHead, reader: ByteReader, writer: Writer, signal: AbortSignal | undefined) {
    this.head = head;
    this.reader = reader;
    this.writer = writer;
    const invite = hasWord(head, "expect", "100-continue") ? () => writer.write(encodeHead(100, [])) : undefined;
    this.body = new RequestBody(reader, bodyLength(head), invite);
    this.signal = signal ? AbortSignal.any([signal, this.gone.signal]) : this.gone.signal;
  }

  get takesOver(): boolean {
    const path = this.head.target.split("?")[0] ?? "";
    const match = matchRoute(this.head.method, splitVersion(path).rest);
    return match !== undefined && takesConnectionOver(match.id);
  }

  async request(): Promise<Request> {
    const { head } = this;
    const headers = new Headers();
    for (const [name, value] of head.fields) headers.append(name, value);
    let url: URL;
    try {
      url = new URL(`http://localhost${head.target}`);
    } catch {
      throw new BadRequest(400, "malformed request target");
    }
    const init: RequestInit & { duplex?: "half" } = { method: head.method, headers, signal: this.signal };
    if (!this.body.ended && head.method !== "GET" && head.method !== "HEAD") {
      const length = bodyLength(head);
      if (length !== "chunked" && length <= wholeBody) init.body = await this.#whole(length);
      else Object.assign(init, { body: this.body.stream(), duplex: "half" });
    }
    try {
      return new Request(url, init);
    } catch (error) {
      throw new BadRequest(400, `malformed request: ${errorMessage(error)}`);
    }
  }

  async #whole(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    let at = 0;
    for (let piece = await this.body.next(); piece; piece = await this.body.next()) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  /** Looks out for the client's end while a handler is at work. Bytes that come instead are the next request's. */
  async watch(): Promise<void> {
    try {
      while (this.body.ended && this.reader.buffered === 0) {
        if (!(await this.reader.fill())) throw new Error("the client closed the connection");
      }
    } catch (error) {
      this.gone.abort(error);
    }
  }
}

async function answer(exchange: Exchange, api: EngineApi): Promise<boolean> {
  const { head, writer, reader, body, gone } = exchange;
  const request = await exchange.request();
  try {
    if (exchange.takesOver) {
      const answered = await api.upgrade(request);
      if (!(answered instanceof Response)) {
        const upgrade = fieldValues(head, "upgrade")[0];
        await handOver({ reader, writer, connection: answered, upgrade, gone, signal: exchange.signal });
        return false;
      }
      return await write(exchange, answered);
    }
    if (body.ended) exchange.watch();
    const response = await api.fetch(request);
    return await write(exchange, response);
  } finally {
    // Some engines let a signal go with its request: the request has to live as long as its answer.
    void request.signal;
  }
}

async function write({ head, writer, body, signal }: Exchange, response: Response): Promise<boolean> {
  const kept = await writeResponse(writer, response, {
    head: head.method === "HEAD",
    http10: head.http10,
    close: hasWord(head, "connection", "close") || head.http10 || body.broken,
    signal,
  });
  return kept && (await body.drain(drainLimit));
}
