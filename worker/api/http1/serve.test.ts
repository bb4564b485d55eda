import { expect, test } from "vitest";
import { serveConnection } from "./serve.ts";

test("a connection on which the head of a request does not come to its end is ended", async () => {
  for (const begun of ["", "GET /_ping HTTP/1.1\r\nHost: x\r\n"]) {
    const [incoming, outgoing] = [new TransformStream<Uint8Array, Uint8Array>(), new TransformStream()];
    const answer = new Response(outgoing.readable).text();
    const client = incoming.writable.getWriter();
    client.write(new TextEncoder().encode(begun)).catch(() => undefined);
    const never = () => Promise.reject(new Error("nothing was asked"));
    const connection = { readable: incoming.readable, writable: outgoing.writable };
    await serveConnection(connection, { fetch: never, upgrade: never }, { headTime: 20 });
    expect(await answer).toBe("");
  }
});
