import type { EngineApi, UpgradedConnection } from "../../../worker/api/engine-api.ts";

/** One request and its answer. Bodies that are not text are base64. */
export interface Exchange {
  readonly request: string;
  readonly requestBody?: string;
  readonly status: number;
  readonly contentType?: string;
  /** The connection was taken over; the body is what came out of it. */
  readonly upgraded?: true;
  readonly text?: string;
  readonly base64?: string;
}

function describe(request: Request): string {
  const url = new URL(request.url);
  return `${request.method} ${url.pathname}${decodeURIComponent(url.search)}`;
}

function bodyOf(exchange: Exchange): Uint8Array<ArrayBuffer> {
  if (exchange.base64 === undefined) return new TextEncoder().encode(exchange.text ?? "");
  return Uint8Array.from(atob(exchange.base64), (char) => char.charCodeAt(0));
}

/** An engine that answers as it did when the exchanges were recorded, and refuses any other request. */
export class ReplayEngine implements EngineApi {
  readonly #left: Exchange[];

  constructor(exchanges: readonly Exchange[]) {
    this.#left = [...exchanges];
  }

  /** Requests that were recorded and did not come. */
  get unused(): readonly string[] {
    return this.#left.map((exchange) => exchange.request);
  }

  async fetch(request: Request): Promise<Response> {
    const exchange = await this.#take(request);
    const headers = exchange.contentType ? { "Content-Type": exchange.contentType } : {};
    const hasBody = exchange.status !== 204 && exchange.status !== 304;
    return new Response(hasBody ? bodyOf(exchange) : null, { status: exchange.status, headers });
  }

  async upgrade(request: Request): Promise<UpgradedConnection | Response> {
    const exchange = await this.#take(request);
    if (!exchange.upgraded) return new Response(bodyOf(exchange), { status: exchange.status });
    const bytes = bodyOf(exchange);
    return {
      contentType: exchange.contentType ?? "",
      readable: new ReadableStream({
        start: (controller) => {
          controller.enqueue(bytes);
          controller.close();
        },
      }),
      writable: new WritableStream(),
    };
  }

  async #take(request: Request): Promise<Exchange> {
    const name = describe(request);
    const body = request.body ? await request.text() : undefined;
    const index = this.#left.findIndex((each) => each.request === name && each.requestBody === body);
    const [exchange] = index < 0 ? [] : this.#left.splice(index, 1);
    if (!exchange) throw new Error(`the recording has no ${name} ${body ?? ""}`);
    return exchange;
  }
}

/** Passes requests on to an engine and keeps what was said. */
export class RecordingEngine implements EngineApi {
  readonly #engine: EngineApi;
  readonly #exchanges: Promise<Exchange>[] = [];

  constructor(engine: EngineApi) {
    this.#engine = engine;
  }

  async exchanges(): Promise<Exchange[]> {
    return await Promise.all(this.#exchanges);
  }

  async fetch(request: Request): Promise<Response> {
    const head = await requestHead(request);
    const response = await this.#engine.fetch(request);
    const [kept, given] = response.body?.tee() ?? [null, null];
    this.#exchanges.push(recorded(head, response, kept));
    const { status, headers } = response;
    return new Response(given, { status, headers });
  }

  async upgrade(request: Request): Promise<UpgradedConnection | Response> {
    const head = await requestHead(request);
    const answer = await this.#engine.upgrade(request);
    if (answer instanceof Response) {
      const [kept, given] = answer.body?.tee() ?? [null, null];
      this.#exchanges.push(recorded(head, answer, kept));
      return new Response(given, { status: answer.status, headers: answer.headers });
    }
    const [kept, given] = answer.readable.tee();
    const content = bytesOf(kept);
    this.#exchanges.push(
      content.then((bytes) => ({
        ...head,
        status: 101,
        contentType: answer.contentType,
        upgraded: true,
        base64: btoa(String.fromCharCode(...bytes)),
      })),
    );
    return { ...answer, readable: given, writable: answer.writable };
  }
}

async function requestHead(request: Request): Promise<{ request: string; requestBody?: string }> {
  const body = request.body ? await request.clone().text() : undefined;
  return { request: describe(request), ...(body !== undefined && { requestBody: body }) };
}

async function recorded(
  head: { request: string; requestBody?: string },
  response: Response,
  body: ReadableStream<Uint8Array> | null,
): Promise<Exchange> {
  const bytes = body ? await bytesOf(body) : new Uint8Array();
  const contentType = response.headers.get("Content-Type");
  const isText = !bytes.includes(0);
  return {
    ...head,
    status: response.status,
    ...(contentType && { contentType }),
    ...(isText ? { text: new TextDecoder().decode(bytes) } : { base64: btoa(String.fromCharCode(...bytes)) }),
  };
}

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: number[] = [];
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Uint8Array.from(parts);
    parts.push(...value);
  }
}
