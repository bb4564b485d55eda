import { afterEach, describe, expect, it } from "vitest";
import type { EngineApi, UpgradedConnection } from "./engine-api.ts";

export interface Served {
  readonly client: EngineApi;
  close(): Promise<void>;
}

const url = "http://docker/v1.51";
const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** An engine whose answers a test decides. The paths are real: the HTTP side goes by them to tell who takes a connection over. */
class ScriptedEngine implements EngineApi {
  onFetch: (request: Request) => Promise<Response> = async () => new Response(null, { status: 500 });
  onUpgrade: (request: Request) => Promise<UpgradedConnection | Response> = async () =>
    new Response(null, { status: 500 });
  fetch = (request: Request): Promise<Response> => this.onFetch(request);
  upgrade = (request: Request): Promise<UpgradedConnection | Response> => this.onUpgrade(request);
}

/** A promise and what settles it. */
function signalled<T = void>(): { readonly promise: Promise<T>; readonly settle: (value: T) => void } {
  let settle: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) text += decoder.decode(bytes, { stream: true });
  return text;
}

async function readSome(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return new TextDecoder().decode(value);
}

/** What every way to an engine keeps: run against direct calls, a MessagePort and a unix socket. */
export function engineApiSuite(name: string, serve: (engine: EngineApi) => Promise<Served>): void {
  describe(`EngineApi ${name}`, () => {
    const served: Served[] = [];
    const start = async (): Promise<{ engine: ScriptedEngine; client: EngineApi }> => {
      const engine = new ScriptedEngine();
      const one = await serve(engine);
      served.push(one);
      return { engine, client: one.client };
    };
    afterEach(async () => {
      for (const one of served.splice(0)) await one.close();
    });

    plainCases(start);
    bodyCases(start);
    upgradeCases(start);
  });
}

type Start = () => Promise<{ engine: ScriptedEngine; client: EngineApi }>;

function plainCases(start: Start): void {
  it("hands over method, path, query, headers and body", async () => {
    const { engine, client } = await start();
    engine.onFetch = async (request) => {
      const { pathname, search } = new URL(request.url);
      const seen = [request.method, pathname, search, request.headers.get("X-Registry-Auth"), await request.text()];
      return Response.json(seen, { status: 201, headers: { "Api-Version": "1.51" } });
    };
    const response = await client.fetch(
      new Request(`${url}/images/a%2Fb/json?x=1&x=%20`, {
        method: "POST",
        body: "{}",
        headers: { "X-Registry-Auth": "e30" },
      }),
    );
    expect(response.status).toBe(201);
    expect(response.headers.get("Api-Version")).toBe("1.51");
    expect(await response.json()).toEqual(["POST", "/v1.51/images/a%2Fb/json", "?x=1&x=%20", "e30", "{}"]);
  });

  it("carries answers without a body", async () => {
    const { engine, client } = await start();
    for (const [method, status] of [
      ["POST", 204],
      ["POST", 304],
      ["HEAD", 200],
      ["GET", 200],
    ] as const) {
      engine.onFetch = async () => new Response(null, { status });
      const response = await client.fetch(new Request(`${url}/_ping`, { method }));
      expect([response.status, await response.text()]).toEqual([status, ""]);
    }
  });

  it("answers many requests at once, each its own", async () => {
    const { engine, client } = await start();
    engine.onFetch = async (request) => new Response(new URL(request.url).search);
    const ask = async (index: number): Promise<string> =>
      (await client.fetch(new Request(`${url}/info?${index}`))).text();
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => ask(index)));
    expect(answers).toEqual(Array.from({ length: 40 }, (_, index) => `?${index}`));
  });

  it("aborts the request when the client does before there is an answer", async () => {
    const { engine, client } = await start();
    const asked = signalled();
    const aborted = signalled();
    engine.onFetch = (request) => {
      request.signal.addEventListener("abort", () => aborted.settle());
      asked.settle();
      return new Promise(() => undefined);
    };
    const abort = new AbortController();
    const answer = client.fetch(new Request(`${url}/events`, { signal: abort.signal }));
    const rejected = expect(answer).rejects.toThrow();
    await asked.promise;
    abort.abort();
    await aborted.promise;
    await rejected;
  });
}

function bodyCases(start: Start): void {
  it("carries large bodies both ways", async () => {
    const { engine, client } = await start();
    engine.onFetch = async (request) => new Response(request.body);
    const bytes = new Uint8Array(3_000_001).map((_, index) => (index * 7 + (index >> 8)) & 0xff);
    const response = await client.fetch(new Request(`${url}/images/load`, { method: "POST", body: bytes }));
    const answer = new Uint8Array(await response.arrayBuffer());
    expect(answer.length).toBe(bytes.length);
    expect(answer.every((byte, index) => byte === bytes[index])).toBe(true);
  });

  it("hands the head and each piece over as they come", async () => {
    const { engine, client } = await start();
    const out = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
    const writer = out.writable.getWriter();
    engine.onFetch = async () => new Response(out.readable);
    const response = await client.fetch(new Request(`${url}/events`));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (const text of ["one\n", "two\n"]) {
      await writer.write(encode(text));
      expect(await readSome(reader)).toBe(text);
    }
    await writer.close();
    expect((await reader.read()).done).toBe(true);
  });

  it("cancels the answer's body when the client does", async () => {
    const { engine, client } = await start();
    const cancelled = signalled();
    engine.onFetch = async () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(encode("x")),
          cancel: () => cancelled.settle(),
        }),
      );
    const response = await client.fetch(new Request(`${url}/events`));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    await cancelled.promise;
  });

  it("tells a body that was cut short from one that ended", async () => {
    const { engine, client } = await start();
    engine.onFetch = async () => {
      let sent = false;
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          if (sent) controller.error(new Error("the disk is gone"));
          else controller.enqueue(encode("half"));
          sent = true;
        },
      });
      return new Response(body);
    };
    const response = await client.fetch(new Request(`${url}/images/x/get`));
    await expect(response.text()).rejects.toThrow();
  });

  it("holds a body back while the client does not read", async () => {
    const { engine, client } = await start();
    let made = 0;
    engine.onFetch = async () =>
      new Response(
        new ReadableStream<Uint8Array<ArrayBuffer>>({
          pull(controller) {
            made += 1;
            controller.enqueue(new Uint8Array(64 << 10));
            if (made === 1024) controller.close();
          },
        }),
      );
    const response = await client.fetch(new Request(`${url}/images/x/get`));
    // Time in which a stream without backpressure would run through.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(made).toBeLessThan(512);
    expect((await response.arrayBuffer()).byteLength).toBe(64 << 20);
  });
}

function upgradeCases(start: Start): void {
  const attach = (body?: string): Request =>
    new Request(`${url}/exec/e1/start`, {
      method: "POST",
      ...(body ? { body, headers: { "Content-Type": "application/json" } } : {}),
    });
  /** Connects; `engineSide` is what the engine reads and writes. */
  const connect = async (engine: ScriptedEngine, client: EngineApi) => {
    const down = new TransformStream<Uint8Array, Uint8Array>();
    const up = new TransformStream<Uint8Array, Uint8Array>();
    let body = "";
    let signal: AbortSignal | undefined;
    engine.onUpgrade = async (request) => {
      body = await request.text();
      signal = request.signal;
      return {
        readable: down.readable,
        writable: up.writable,
        contentType: "application/vnd.docker.multiplexed-stream",
      };
    };
    const connection = await client.upgrade(attach('{"Tty":false}'));
    if (connection instanceof Response) throw new Error(`no connection: ${connection.status}`);
    return { connection, engineSide: { readable: up.readable, writable: down.writable }, body, signal };
  };

  it("takes a connection over, with the request's body seen before", async () => {
    const { engine, client } = await start();
    const { connection, engineSide, body } = await connect(engine, client);
    expect(body).toBe('{"Tty":false}');
    expect(connection.contentType).toBe("application/vnd.docker.multiplexed-stream");
    const [fromEngine, toEngine] = [connection.readable.getReader(), connection.writable.getWriter()];
    const [fromClient, toClient] = [engineSide.readable.getReader(), engineSide.writable.getWriter()];
    for (const text of ["ping", "again"]) {
      await toEngine.write(encode(text));
      expect(await readSome(fromClient)).toBe(text);
      await toClient.write(encode(text.toUpperCase()));
      expect(await readSome(fromEngine)).toBe(text.toUpperCase());
    }
  });

  it("ends stdin alone when the client closes its half", async () => {
    const { engine, client } = await start();
    const { connection, engineSide } = await connect(engine, client);
    const toEngine = connection.writable.getWriter();
    await toEngine.write(encode("all of it"));
    await toEngine.close();
    expect(await readAll(engineSide.readable)).toBe("all of it");
    const toClient = engineSide.writable.getWriter();
    const heard = readAll(connection.readable);
    await toClient.write(encode("still "));
    await toClient.write(encode("talking"));
    await toClient.close();
    expect(await heard).toBe("still talking");
  });

  it("ends the connection with the output, and leaves stdin unclosed", async () => {
    const { engine, client } = await start();
    const { connection, engineSide } = await connect(engine, client);
    const stdin = engineSide.readable.getReader();
    const ended = stdin.read().then(
      ({ done }) => (done ? "closed" : "data"),
      () => "aborted",
    );
    const toClient = engineSide.writable.getWriter();
    const heard = readAll(connection.readable);
    await toClient.write(encode("bye"));
    await toClient.close();
    expect(await heard).toBe("bye");
    expect(await ended).toBe("aborted");
  });

  it("cancels the output when the client goes away", async () => {
    const { engine, client } = await start();
    const { connection, engineSide } = await connect(engine, client);
    const toClient = engineSide.writable.getWriter();
    await connection.readable.cancel();
    const failed = (async () => {
      for (;;) await toClient.write(new Uint8Array(64 << 10));
    })();
    await expect(failed).rejects.toThrow();
  });

  it("answers plainly when the engine declines", async () => {
    const { engine, client } = await start();
    engine.onUpgrade = async () => Response.json({ message: "No such exec instance: e1" }, { status: 404 });
    const declined = await client.upgrade(attach());
    expect(declined).toBeInstanceOf(Response);
    if (declined instanceof Response) {
      expect([declined.status, await declined.json()]).toEqual([404, { message: "No such exec instance: e1" }]);
    }
  });

  it("passes megabytes through a connection, in order", async () => {
    const { engine, client } = await start();
    const { connection, engineSide } = await connect(engine, client);
    engineSide.readable.pipeTo(engineSide.writable).catch(() => undefined);
    const writer = connection.writable.getWriter();
    const bytes = new Uint8Array(2_500_000).map((_, index) => (index * 31 + (index >> 9)) & 0xff);
    const sent = writer.write(bytes).then(() => writer.close());
    let at = 0;
    let same = true;
    for await (const piece of connection.readable) {
      same &&= piece.every((byte, index) => byte === bytes[at + index]);
      at += piece.length;
    }
    await sent;
    expect([at, same]).toEqual([bytes.length, true]);
  });
}
