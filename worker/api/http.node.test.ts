import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApiRouter } from "./api-router.ts";
import type { EngineApi } from "./engine-api.ts";
import { type ApiListener, listen } from "./http.node.ts";

let folder = "";
let listener: ApiListener | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wherry-http-"));
});
afterEach(async () => {
  await listener?.close();
  listener = undefined;
  rmSync(folder, { recursive: true });
});

const echo: EngineApi = {
  fetch: async (request) => new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`),
  upgrade: async () => ({
    contentType: "application/vnd.docker.multiplexed-stream",
    readable: new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("hijacked"));
        controller.close();
      },
    }),
    writable: new WritableStream(),
  }),
};

/** Sends bytes as they are and answers all that comes back until the server closes. */
function exchange(text: string, port?: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = port ? connect(port, "127.0.0.1") : connect(join(folder, "s"));
    let answer = "";
    socket.on("data", (bytes) => {
      answer += bytes.toString("latin1");
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
    socket.write(text, "latin1");
  });
}

const serve = async (api: EngineApi = echo): Promise<void> => {
  listener = await listen({ kind: "unix", path: join(folder, "s") }, api);
};

describe("HTTP/1.1", () => {
  it("serves requests that were sent in one go, in order, then closes when asked", async () => {
    await serve();
    const answer = await exchange(
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nonePOST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "2\r\ntw\r\n1;ext\r\no\r\n0\r\nTrailer: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    expect(answer.match(/(POST|GET) \/\w \w*/g)).toEqual(["POST /a one", "POST /b two", "GET /c "]);
    expect(answer.match(/Connection: close/g)?.length).toBe(1);
  });

  it("invites a body that waits for it", async () => {
    await serve();
    const answer = await exchange(
      "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\none",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain("POST /a one");
  });

  it.each([
    ["GET /\r\n\r\n", 400],
    ["GET / HTTP/2.0\r\n\r\n", 505],
    ["GET x HTTP/1.1\r\n\r\n", 400],
    ["GET /_ping\0 HTTP/1.1\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400],
    ["GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: x\r\nBad Name: x\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: x\r\nName : x\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: x\r\n folded: x\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: x\r\nName: a\0b\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: x\r\nName: a\nb\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: x\r\nName: a\x7fb\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n\r\n", 417],
    ["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501],
    [`GET / HTTP/1.1\r\n${"a: b\r\n".repeat(300)}\r\n`, 431],
    [`GET /${"x".repeat(70_000)} HTTP/1.1\r\n\r\n`, 431],
  ])("refuses %j", async (text, status) => {
    await serve();
    expect(await exchange(text)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it("says in text why it refuses, as Docker's server does", async () => {
    await serve();
    const answer = await exchange("GET / HTTP/1.1\r\n\r\n");
    expect(answer).toContain("\r\nContent-Type: text/plain; charset=utf-8\r\n");
    expect(answer).toMatch(/\r\n\r\n400 Bad Request: missing required Host header$/);
  });

  it.each([
    "GET /a HTTP/1.1\nHost: x\nConnection: close\n\n",
    "GET /a HTTP/1.1\r\nHost: x\nConnection: close\n\r\n",
    "GET /a HTTP/1.0\n\n",
    "GET /a HTTP/1.7\r\nHost: x\r\nConnection: close\r\n\r\n",
  ])("takes %j", async (text) => {
    await serve();
    expect(await exchange(text)).toMatch(/^HTTP\/1\.1 200 .*GET \/a /s);
  });

  /** The backends are never reached: every request's body is to be refused before. */
  const router = (backend = {} as never): EngineApi =>
    new ApiRouter({
      containers: backend,
      execs: backend,
      images: backend,
      networks: backend,
      volumes: backend,
      system: backend,
      server: "test",
    });

  it.each([
    ["a handler reads", router(), 400],
    ["no handler reads", { ...echo, fetch: async () => new Response("unread") }, 200],
  ] as const)(
    "answers a malformed body that %s once, and takes nothing after it for a request",
    async (_, api, status) => {
      await serve(api);
      for (const body of [
        "zz\r\n",
        "-1\r\n",
        `1;${"x".repeat(5000)}`,
        "2\r\n{}x",
        "2\n{}\n0\n\n",
        `0\r\n${"a: b\r\n".repeat(100)}\r\n`,
      ]) {
        const head =
          "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        const answer = await exchange(`${head}${body}GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n`);
        expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`]);
      }
    },
  );

  it("takes tabs and text of any language in a field", async () => {
    await serve();
    const answer = await exchange(
      "GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: a\tb \u00c1 \u4f60\r\nConnection: close\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("upgrades with 101, or with a plain 200 for those who asked for none", async () => {
    await serve();
    const asked = await exchange(
      "POST /containers/x/attach HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    );
    expect(asked).toBe(
      "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhijacked",
    );
    const plain = await exchange("POST /v1.51/containers/x/attach HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(plain).toBe("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nhijacked");
  });

  it("notices that a client is gone which had sent all of its own before", async () => {
    let gone: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const readable = new ReadableStream<Uint8Array>({ cancel: () => gone() });
    const upgraded = { readable, writable: new WritableStream<Uint8Array>(), contentType: "application/x" };
    await serve({ ...echo, upgrade: async () => upgraded });
    const socket = connect({ path: join(folder, "s"), allowHalfOpen: true });
    socket.end("POST /containers/x/attach HTTP/1.1\r\nHost: x\r\n\r\n");
    socket.once("data", () => socket.destroy());
    await left;
  });

  it("takes the client's end for its going away", async () => {
    let gone: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      gone = resolve;
    });
    await serve({
      ...echo,
      fetch: async (request) => {
        request.signal.addEventListener("abort", () => gone());
        return new Response(new ReadableStream());
      },
    });
    const socket = connect(join(folder, "s"));
    socket.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    socket.once("data", () => socket.destroy());
    await left;
  });
});

describe("a unix socket", () => {
  it("is for owner and group only", async () => {
    await serve();
    expect((statSync(join(folder, "s")).mode & 0o777).toString(8)).toBe("660");
  });

  it("replaces one that nobody answers on, and no other file", async () => {
    const path = join(folder, "s");
    const dead = createServer();
    await new Promise<void>((resolve) => {
      dead.listen(path, resolve);
    });
    await expect(serve()).rejects.toThrow("another engine is listening on it");
    // A killed daemon leaves its socket behind; closing removes it, so a copy of the name is made first.
    const { linkSync } = await import("node:fs");
    linkSync(path, join(folder, "kept"));
    await new Promise((resolve) => dead.close(resolve));
    linkSync(join(folder, "kept"), path);
    await serve();
    expect(await exchange("GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).toContain("GET /x");
    await listener?.close();
    listener = undefined;
    writeFileSync(path, "precious");
    await expect(serve()).rejects.toThrow("a file is there that is no socket");
  });

  it("is not made where Node would make it under another name", async () => {
    const path = join(folder, "n".repeat(108));
    await expect(listen({ kind: "unix", path }, echo)).rejects.toThrow("the path is longer than 107 bytes");
    expect(readdirSync(folder)).toEqual([]);
    const lost = listen({ kind: "unix", path: join(folder, "none/s") }, echo);
    await expect(lost).rejects.toThrow("its folder is not there");
  });
});

describe("a TCP port", () => {
  it("says why it can't be listened on", async () => {
    listener = await listen({ kind: "tcp", host: "127.0.0.1", port: 0 }, echo);
    const port = Number(new URL(listener.url.replace("tcp:", "http:")).port);
    const refusal = (host: string) => listen({ kind: "tcp", host, port }, echo);
    await expect(refusal("127.0.0.1")).rejects.toMatchObject({
      name: "System",
      message: `listen tcp 127.0.0.1:${port}: bind: address already in use`,
    });
    // An address for documentation, which no machine has (RFC 5737).
    await expect(refusal("192.0.2.1")).rejects.toThrow(`listen tcp 192.0.2.1:${port}: bind: cannot assign requested`);
  });

  const head = (...fields: readonly string[]): string =>
    `GET /_ping HTTP/1.1\r\n${fields.map((field) => `${field}\r\n`).join("")}Connection: close\r\n\r\n`;

  it.each([
    [["Host: 127.0.0.1:2375"], 200],
    [["Host: localhost"], 200],
    [["Host: [::1]:2375"], 200],
    [["Host: 192.168.0.7:2375"], 200],
    [["Host: evil.example:2375"], 403],
    [["Host: localhost.evil.example"], 403],
    [[], 400],
    [["Host: localhost", "Host: evil.example"], 400],
    [["Host: localhost:1", "Origin: http://localhost:1"], 200],
    [["Host: localhost:1", "Origin: http://localhost:2"], 403],
    [["Host: localhost:1", "Origin: null"], 403],
    [["Host: localhost", "Sec-Fetch-Site: cross-site"], 403],
  ])("answers %j with %i", async (fields, status) => {
    listener = await listen({ kind: "tcp", host: "127.0.0.1", port: 0 }, echo);
    const port = Number(new URL(listener.url.replace("tcp:", "http:")).port);
    expect(await exchange(head(...fields), port)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
});
