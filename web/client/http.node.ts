import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { EngineApi, UpgradedConnection } from "../../worker/api/engine-api.ts";
import { drained, socketStreams } from "../../worker/internal/socket.node.ts";
import { beginsWith, readUpTo } from "./request-body.ts";

/** Where an engine listens: `unix:///PATH` or `tcp://HOST:PORT`, as in DOCKER_HOST. */
function parseDockerHost(
  host: string,
): { readonly socketPath: string } | { readonly host: string; readonly port: number } {
  const unix = /^unix:\/\/(\/.*)$/.exec(host);
  if (unix?.[1]) return { socketPath: unix[1] };
  const tcp = /^(?:tcp|http):\/\/(\[[0-9a-fA-F:.]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(host);
  if (!tcp?.[1]) throw new TypeError(`unable to parse docker host \`${host}\``);
  return { host: tcp[1].replace(/^\[|\]$/g, ""), port: Number(tcp[2] ?? 2375) };
}

/** The Engine API of an engine behind a unix socket or a TCP port, Wherry's or another. */
export class HttpEngineClient implements EngineApi {
  readonly #address: RequestOptions;

  constructor(dockerHost: string) {
    this.#address = parseDockerHost(dockerHost);
  }

  async fetch(request: Request): Promise<Response> {
    const outgoing = this.#open(request, {});
    const answered = responseTo(outgoing);
    // An answer may come before the body has gone, and be the reason why the rest never goes.
    const [response] = await Promise.all([answered, Promise.race([answered, sendBody(request, outgoing)])]);
    return response;
  }

  async upgrade(request: Request): Promise<UpgradedConnection | Response> {
    const outgoing = this.#open(request, { connection: "Upgrade", upgrade: "tcp" });
    const upgraded = new Promise<UpgradedConnection>((resolve) => {
      outgoing.on("upgrade", (message, socket, first) => resolve(connectionOf(message, socket as Socket, first)));
    });
    const declined = responseTo(outgoing);
    await sendBody(request, outgoing);
    return await Promise.race([upgraded, declined]);
  }

  #open(request: Request, extra: Record<string, string>): ClientRequest {
    const url = new URL(request.url);
    const outgoing = httpRequest({
      ...this.#address,
      method: request.method,
      path: url.pathname + url.search,
      headers: { ...Object.fromEntries(request.headers), host: "docker", ...this.#hostHeader(), ...extra },
      signal: request.signal,
    });
    // Between an answer and the end of its request's body Node listens to nobody's errors: they would end the process.
    outgoing.on("socket", (socket) => {
      if (!socket.listeners("error").includes(ignore)) socket.on("error", ignore);
    });
    return outgoing;
  }

  #hostHeader(): Record<string, string> {
    const { host, port } = this.#address;
    return host ? { host: `${host.includes(":") ? `[${host}]` : host}:${port}` } : {};
  }
}

const ignore = (): void => undefined;

const wholeBody = 64 << 10;

async function sendBody(request: Request, outgoing: ClientRequest): Promise<void> {
  const { bytes, rest } = await readUpTo(request.body, wholeBody);
  if (rest) {
    for await (const piece of beginsWith(bytes, rest)) {
      if (outgoing.destroyed) return;
      if (!outgoing.write(piece)) await drained(outgoing);
    }
  } else if (bytes.length > 0) {
    outgoing.setHeader("Content-Length", bytes.length);
    outgoing.write(bytes);
  }
  outgoing.end();
}

function responseTo(outgoing: ClientRequest): Promise<Response> {
  return new Promise((resolve, reject) => {
    outgoing.on("error", reject);
    outgoing.on("response", (message) => resolve(toResponse(message)));
  });
}

function toResponse(message: IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const status = message.statusCode ?? 500;
  const bodiless = [204, 205, 304].includes(status) || message.headers["content-length"] === "0";
  if (bodiless) message.resume();
  return new Response(bodiless ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array<ArrayBuffer>>), {
    status,
    headers,
  });
}

function connectionOf(message: IncomingMessage, socket: Socket, first: Uint8Array): UpgradedConnection {
  if (first.length > 0) socket.unshift(first);
  // Closing stdin must not close the connection: output is still to come.
  socket.allowHalfOpen = true;
  return { ...socketStreams(socket), contentType: message.headers["content-type"] ?? "" };
}
