import type { EngineApi, UpgradedConnection } from "../../worker/api/engine-api.ts";
import { ApiError, CliError, ConnectionError } from "./errors.ts";

/** The API version of the Docker release that the CLI behaves like. */
export const apiVersion = "1.50";

type QueryValue = string | number | boolean | readonly string[] | undefined;

export interface ApiRequest {
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as is. */
  readonly body?: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the request; the invocation's own signal does so too. */
  readonly signal?: AbortSignal;
}

/** The Engine API as the commands use it: paths without version, engine errors as {@link ApiError}. */
export class ApiClient {
  readonly #engine: EngineApi;
  readonly #signal: AbortSignal;
  readonly #address: string;
  /** The version that requests name. */
  readonly version: string;

  /**
   * @param signal aborts every request that names no signal of its own
   * @param address where the engine is, for the message when it cannot be reached
   * @param version empty for {@link apiVersion}
   */
  constructor(engine: EngineApi, signal: AbortSignal, address: string, version = "") {
    this.#engine = engine;
    this.#signal = signal;
    this.#address = address;
    this.version = version.replace(/^v/, "") || apiVersion;
  }

  /** @throws ApiError when the engine answers 400 or above */
  async request(method: string, path: string, options: ApiRequest = {}): Promise<Response> {
    const response = await this.#reach(options, () => this.#engine.fetch(this.#build(method, path, options)));
    await checkStatus(response);
    return response;
  }

  async json<T>(method: string, path: string, options: ApiRequest = {}): Promise<T> {
    const response = await this.request(method, path, options);
    return (await response.json()) as T;
  }

  /** For requests whose answer has no body of interest. */
  async send(method: string, path: string, options: ApiRequest = {}): Promise<void> {
    const response = await this.request(method, path, options);
    await response.body?.cancel();
  }

  async text(method: string, path: string, options: ApiRequest = {}): Promise<string> {
    return await (await this.request(method, path, options)).text();
  }

  /** The bytes of a streaming answer. */
  async stream(method: string, path: string, options: ApiRequest = {}): Promise<ReadableStream<Uint8Array>> {
    const response = await this.request(method, path, options);
    return response.body ?? emptyStream();
  }

  /** Takes over the connection: attach and exec. */
  async upgrade(path: string, options: ApiRequest = {}): Promise<UpgradedConnection> {
    const headers = { ...options.headers, Connection: "Upgrade", Upgrade: "tcp" };
    const request = () => this.#engine.upgrade(this.#build("POST", path, { ...options, headers }));
    const answer = await this.#reach(options, request);
    if (!(answer instanceof Response)) return answer;
    await answer.body?.cancel();
    throw new Error(`unable to upgrade to tcp, received ${answer.status}`);
  }

  async #reach<T>(options: ApiRequest, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (cause) {
      if ((options.signal ?? this.#signal).aborted || cause instanceof CliError) throw cause;
      throw new ConnectionError(this.#address, { cause });
    }
  }

  #build(method: string, path: string, options: ApiRequest): Request {
    const headers = new Headers(options.headers);
    if (options.json !== undefined) headers.set("Content-Type", "application/json");
    const body = options.json === undefined ? options.body : JSON.stringify(options.json);
    const init: RequestInit & { duplex?: "half" } = { method, headers, signal: options.signal ?? this.#signal };
    if (body !== undefined) init.body = body;
    if (body instanceof ReadableStream) init.duplex = "half";
    // Go's client cleans paths, which shows where a name is empty.
    const clean = path.replace(/\/+/g, "/").replace(/\/$/, "");
    return new Request(`http://docker/v${this.version}${clean}${queryString(options.query)}`, init);
  }
}

/** Parameters sorted by name as Go's client sends them, leaving out what is undefined. */
function queryString(query: ApiRequest["query"]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) parameters.append(name, queryValue(each));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

function queryValue(value: unknown): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  return String(value);
}

/** Joins path segments, each escaped. */
export function apiPath(...segments: readonly string[]): string {
  return segments
    .map((segment) => `/${encodeURIComponent(segment).replaceAll("%2F", "/").replaceAll("%3A", ":")}`)
    .join("");
}

async function checkStatus(response: Response): Promise<void> {
  if (response.status < 400) return;
  const body = (await response.text()).trim();
  throw new ApiError(response.status, errorText(body, response));
}

function errorText(body: string, response: Response): string {
  if (body === "") {
    return `request returned ${response.statusText || response.status} for API route and version, check if the server supports the requested API version`;
  }
  if ((response.headers.get("Content-Type") ?? "").startsWith("application/json")) {
    try {
      const parsed: unknown = JSON.parse(body);
      if (typeof parsed === "object" && parsed !== null && "message" in parsed) return String(parsed.message).trim();
    } catch {
      // Not the JSON it claims to be: the text itself says what there is to say.
    }
  }
  return body;
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
