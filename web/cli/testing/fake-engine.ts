import type { EngineApi, UpgradedConnection } from "../../../worker/api/engine-api.ts";

type Answer = (request: Request) => Response | Promise<Response>;

/** An engine made of answers by method and path (without version and query), that remembers what it was asked. */
export class FakeEngine implements EngineApi {
  readonly requests: string[] = [];
  readonly #answers: Readonly<Record<string, Answer>>;
  readonly #connection: UpgradedConnection | undefined;

  constructor(answers: Readonly<Record<string, Answer>>, connection?: UpgradedConnection) {
    this.#answers = answers;
    this.#connection = connection;
  }

  async fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const name = `${request.method} ${pathname.replace(/^\/v[\d.]+/, "")}`;
    this.requests.push(name + search);
    const answer = this.#answers[name];
    if (!answer) return Response.json({ message: `no answer for ${name}` }, { status: 500 });
    return await answer(request);
  }

  async upgrade(request: Request): Promise<UpgradedConnection | Response> {
    if (!this.#connection) return await this.fetch(request);
    const { pathname, search } = new URL(request.url);
    this.requests.push(`UPGRADE ${pathname.replace(/^\/v[\d.]+/, "")}${search}`);
    return this.#connection;
  }
}

/** A container's terminal: a connection, and the other side of it. */
export class FakeTerminal {
  readonly connection: UpgradedConnection;
  /** What the client sent. */
  received = "";
  inputClosed = false;
  readonly #output: WritableStreamDefaultWriter<Uint8Array>;

  constructor() {
    const output = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 16 });
    this.#output = output.writable.getWriter();
    this.#output.closed.catch(() => {});
    const decoder = new TextDecoder();
    this.connection = {
      contentType: "application/vnd.docker.raw-stream",
      readable: output.readable,
      writable: new WritableStream({
        write: (chunk) => {
          this.received += decoder.decode(chunk, { stream: true });
        },
        close: () => {
          this.inputClosed = true;
        },
      }),
    };
  }

  print(text: string): void {
    this.#output.write(new TextEncoder().encode(text)).catch(() => {});
  }

  end(): void {
    this.#output.close().catch(() => {});
  }
}
