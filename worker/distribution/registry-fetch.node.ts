import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { Readable } from "node:stream";
import type { Fetch } from "./http.ts";

/**
 * Node's `fetch`, but for registries that the user called insecure, whose certificates are not verified. `fetch` itself has no
 * switch for that. Such a request follows no redirects: the registry client does that, and asks again with what it is led to.
 */
export function registryFetch(isInsecure: (url: URL) => boolean): Fetch {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  return (address, init) => {
    const url = new URL(address);
    return url.protocol === "https:" && isInsecure(url) ? unverified(agent, url, init) : fetch(address, init);
  };
}

function unverified(
  agent: Agent,
  url: URL,
  { method = "GET", headers, body, signal }: Parameters<Fetch>[1],
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const options = {
      agent,
      method,
      headers: { ...headers, "accept-encoding": "identity" },
      ...(signal ? { signal } : {}),
    };
    const outgoing = request(url, options, (incoming) => {
      try {
        resolve(responseOf(method, incoming));
      } catch (error) {
        // A status or a reason that no Response can have.
        incoming.destroy();
        reject(error);
      }
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

function responseOf(method: string, incoming: IncomingMessage): Response {
  const { statusCode: status = 500, statusMessage: statusText = "" } = incoming;
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const hasBody = method !== "HEAD" && ![204, 205, 304].includes(status);
  if (!hasBody) incoming.resume();
  const body = hasBody ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array<ArrayBuffer>>) : null;
  return new Response(body, { status, statusText, headers });
}
