import { concatBytes } from "../../internal/bytes.ts";
import { regardless } from "../../internal/failures.ts";
import { textResponse } from "../responses.ts";
import type { BadRequest } from "./request-head.ts";

const reasons: Readonly<Record<number, string>> = {
  100: "Continue",
  101: "UPGRADED",
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  301: "Moved Permanently",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  417: "Expectation Failed",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

/** Bodies up to here with a known length go out in one write with their head. */
const smallBody = 64 << 10;

const encoder = new TextEncoder();

export function encodeHead(status: number, fields: Iterable<readonly [string, string]>): Uint8Array {
  let text = `HTTP/1.1 ${status} ${reasons[status] ?? ""}\r\n`;
  // fetch's Headers are in lower case; clients of Docker print and compare them as Docker writes them.
  for (const [name, value] of fields) {
    text += `${name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())}: ${value.replace(/[\r\n]/g, " ")}\r\n`;
  }
  return encoder.encode(`${text}\r\n`);
}

export interface ResponseOptions {
  /** The client asked with HEAD: a length is told, no body follows. */
  readonly head: boolean;
  readonly http10: boolean;
  readonly close: boolean;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/**
 * Writes a response whole. Answers whether the connection can take another request. Rejects when the client is gone or the body
 * failed, after cancelling the body; the connection must then be closed, which tells the client that the body is cut short.
 */
export async function writeResponse(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  response: Response,
  options: ResponseOptions,
): Promise<boolean> {
  const fields: [string, string][] = [...response.headers, ["date", new Date().toUTCString()]];
  const bodiless = options.head || response.status === 204 || response.status === 304;
  const body = bodiless ? null : response.body;
  const known = response.headers.get("Content-Length");
  const chunked = body !== null && known === null && !options.http10;
  const delimited = body === null || known !== null || chunked;
  const close = options.close || !delimited;
  if (body === null && !bodiless && known === null) fields.push(["content-length", "0"]);
  if (chunked) fields.push(["transfer-encoding", "chunked"]);
  if (close) fields.push(["connection", "close"]);
  const head = encodeHead(response.status, fields);
  if (body === null) await writer.write(head);
  else if (known !== null && Number(known) <= smallBody) await writeSmall(writer, head, response);
  else await writeBody(writer, head, body, { chunked, signal: options.signal });
  return !close;
}

async function writeSmall(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  head: Uint8Array,
  response: Response,
): Promise<void> {
  await writer.write(concatBytes([head, new Uint8Array(await response.arrayBuffer())]));
}

async function writeBody(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  head: Uint8Array,
  body: ReadableStream<Uint8Array>,
  { chunked, signal }: { readonly chunked: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const reader = body.getReader();
  const stop = (): void => {
    regardless(reader.cancel(signal.reason));
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) stop();
    await writer.write(head);
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (piece.value.length === 0) continue;
      await writer.write(chunked ? chunk(piece.value) : piece.value);
    }
    signal.throwIfAborted();
    if (chunked) await writer.write(encoder.encode("0\r\n\r\n"));
  } catch (error) {
    stop();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function chunk(bytes: Uint8Array): Uint8Array {
  return concatBytes([encoder.encode(`${bytes.length.toString(16)}\r\n`), bytes, encoder.encode("\r\n")]);
}

/** What a client gets whose request could not be read: text, as Go's server writes it. No handler has seen the request. */
export function badRequestResponse({ status, message }: BadRequest): Response {
  const headers = { "Content-Type": "text/plain; charset=utf-8" };
  return textResponse(`${status} ${reasons[status]}: ${message}`, status, headers);
}
