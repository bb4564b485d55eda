import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clock, resolverFor } from "../../test/support/distribution.node.ts";
import { selfSigned } from "../../test/support/tls.node.ts";
import { parseNormalizedNamed } from "../reference/reference.ts";
import { registryFetch } from "./registry-fetch.node.ts";

const server = createServer(selfSigned, (request, response) => {
  if (request.url === "/v2/slow/manifests/latest") return;
  response.setHeader("docker-content-digest", `sha256:${"a".repeat(64)}`);
  response.setHeader("www-authenticate", ["Basic realm=x", "Bearer realm=y"]);
  response.writeHead(request.url?.includes("/moved/") ? 307 : 200, { location: "/elsewhere" });
  response.end("0123456789");
});
let host: string;
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe("registryFetch()", () => {
  const unverified = registryFetch((url) => url.host === host);

  test("does not verify who is insecure", async () => {
    const response = await unverified(`https://${host}/v2/`, { headers: { range: "bytes=0-" } });
    expect([response.status, await response.text()]).toEqual([200, "0123456789"]);
    expect(response.headers.get("www-authenticate")).toBe("Basic realm=x, Bearer realm=y");
    const head = await unverified(`https://${host}/v2/`, { method: "HEAD" });
    expect([head.status, head.body]).toEqual([200, null]);
  });

  test("leaves redirects to its caller", async () => {
    const response = await unverified(`https://${host}/v2/moved/x`, {});
    await response.body?.cancel();
    expect([response.status, response.headers.get("location")]).toEqual([307, "/elsewhere"]);
  });

  test("ends when its caller gives up", async () => {
    const giveUp = new AbortController();
    const asked = once(server, "request");
    const answer = unverified(`https://${host}/v2/slow/manifests/latest`, { signal: giveUp.signal });
    await asked;
    giveUp.abort();
    await expect(answer).rejects.toMatchObject({ name: "AbortError" });
  });

  test("a registry that is not, and has no good certificate, is told in Go's words, and not asked over HTTP", async () => {
    const verified = registryFetch(() => false);
    const asked: string[] = [];
    const resolver = resolverFor({
      clock,
      fetch: (url, init) => {
        asked.push(new URL(url).protocol);
        return verified(url, init);
      },
    });
    await expect(resolver.resolve(parseNormalizedNamed(`${host}/app`))).rejects.toMatchObject({
      name: "System",
      message: `Get "https://${host}/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    });
    expect(asked).toEqual(["https:"]);
    await expect(
      resolverFor({ clock, fetch: unverified }).resolve(parseNormalizedNamed(`${host}/app`)),
    ).resolves.toMatchObject({ digest: `sha256:${"a".repeat(64)}` });
  });
});
