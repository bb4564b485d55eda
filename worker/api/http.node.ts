import { setMaxListeners } from "node:events";
import { chmodSync, existsSync, lstatSync, unlinkSync } from "node:fs";
import { createServer, isIP, type Server } from "node:net";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { errorMessage, system } from "../errdefs/errors.ts";
import { isAnswered, maximumSocketPath, socketStreams } from "../internal/socket.node.ts";
import type { EngineApi } from "./engine-api.ts";
import { fieldValues, type RequestHead } from "./http1/request-head.ts";
import { type ServeOptions, serveConnection } from "./http1/serve.ts";

/** Where the API is served: `unix:///PATH` or `tcp://HOST:PORT`. */
export type ListenAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

export interface ApiListener {
  /** As in `-H`, with the port that was given where 0 was asked for. */
  readonly url: string;
  /** How many clients are connected now. */
  connections(): Promise<number>;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/** Clients that may wait to be accepted, as far as the kernel allows (net.core.somaxconn); a Go server takes all that. */
const backlog = 4096;

export async function listen(address: ListenAddress, api: EngineApi): Promise<ApiListener> {
  const closing = new AbortController();
  // One listener a connection.
  setMaxListeners(0, closing.signal);
  const options: ServeOptions =
    address.kind === "tcp" ? { refuse: refuseForeign, signal: closing.signal } : { signal: closing.signal };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    serveConnection(socketStreams(socket), api, options);
  });
  if (address.kind === "unix") await listenUnix(server, address.path);
  else await listenTcp(server, address);
  return {
    url: urlOf(address, server),
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      }),
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      closing.abort(new Error("the engine is stopping"));
      await closed;
    },
  };
}

function urlOf(address: ListenAddress, server: Server): string {
  if (address.kind === "unix") return `unix://${address.path}`;
  const bound = server.address();
  const port = typeof bound === "object" && bound ? bound.port : address.port;
  return `tcp://${address.host.includes(":") ? `[${address.host}]` : address.host}:${port}`;
}

/** As Go says it. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: "bind: permission denied",
  EADDRINUSE: "bind: address already in use",
  EADDRNOTAVAIL: "bind: cannot assign requested address",
  ENOTFOUND: "no such host",
};

async function listenTcp(server: Server, { host, port }: Extract<ListenAddress, { kind: "tcp" }>): Promise<void> {
  try {
    await listening(server, () => server.listen({ port, host, backlog }));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const where = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    throw system(`listen tcp ${where}: ${reasons[code] ?? errorMessage(error)}`, { cause: error });
  }
}

function listening(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    start();
  });
}

/** A socket that nobody answers on is left over from a dead daemon: it is replaced. Only owner and group may connect. */
async function listenUnix(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > maximumSocketPath)
    throw system(`can't create unix socket ${path}: the path is longer than ${maximumSocketPath} bytes`);
  // libuv takes a missing folder for one that is not permitted.
  if (!existsSync(dirname(path))) throw system(`can't create unix socket ${path}: its folder is not there`);
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing && !existing.isSocket())
    throw system(`can't create unix socket ${path}: a file is there that is no socket`);
  if (existing) {
    if (await isAnswered(path)) throw system(`can't create unix socket ${path}: another engine is listening on it`);
    unlinkSync(path);
  }
  const umask = process.umask(0o117);
  try {
    await listening(server, () => server.listen({ path, backlog }));
  } catch (error) {
    throw system(`can't create unix socket ${path}: ${errorMessage(error)}`, { cause: error });
  } finally {
    process.umask(umask);
  }
  chmodSync(path, 0o660);
}

/**
 * A page of the web can make the browser send requests to a loopback port. Its own name as Host (DNS rebinding), its Origin or
 * the browser's Sec-Fetch-Site tell it apart from a Docker client, which says an address, or a name of this machine.
 */
function refuseForeign(head: RequestHead): string | undefined {
  const [host, ...others] = fieldValues(head, "host");
  const name = /^(\[[0-9a-fA-F:.]+\]|[^:]*)(:\d+)?$/.exec(host ?? "")?.[1]?.toLowerCase();
  if (name === undefined || others.length > 0) return "the Host header is missing or malformed";
  const known = isIP(name.replace(/^\[|\]$/g, "")) !== 0 || name === "localhost" || name === hostname().toLowerCase();
  if (!known) return `the Host header names ${JSON.stringify(name)}, which is not this engine`;
  const origins = fieldValues(head, "origin");
  if (origins.some((origin) => origin !== `http://${host}`)) return "requests from web pages are refused";
  const site = fieldValues(head, "sec-fetch-site");
  if (site.some((value) => value !== "same-origin" && value !== "none")) return "requests from web pages are refused";
  return undefined;
}
