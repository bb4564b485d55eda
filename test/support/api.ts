import { type IncomingHttpHeaders, request } from "node:http";

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** What the body holds, or undefined where it is no JSON. */
  readonly json: unknown;
}

export interface ApiRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when it is text or bytes, with the type application/json; anything else is made JSON of. */
  readonly body?: unknown;
}

/** One request to a Docker host (`unix://PATH` or `tcp://HOST:PORT`), as no client library would send it. */
export function callApi(host: string, method: string, path: string, options: ApiRequest = {}): Promise<ApiAnswer> {
  const raw = options.body === undefined || typeof options.body === "string" || options.body instanceof Uint8Array;
  const body = raw ? (options.body as string | Uint8Array | undefined) : JSON.stringify(options.body);
  const place = host.startsWith("unix://")
    ? { socketPath: host.slice("unix://".length) }
    : { host: new URL(host).hostname, port: new URL(host).port };
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...place,
        method,
        path,
        headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...options.headers },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
        });
      },
    );
    sent.on("error", reject);
    // An engine that refuses a body closes before it was all sent, and the answer is what matters.
    sent.on("socket", (socket) => {
      // It may be one that carried other requests before.
      if (!socket.listeners("error").includes(ignore)) socket.on("error", ignore);
    });
    sent.end(body);
  });
}

const ignore = (): void => undefined;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
