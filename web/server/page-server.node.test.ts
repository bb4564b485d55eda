import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { contentSecurityPolicy } from "../csp.ts";
import { pageServer } from "./page-server.node.ts";

const page = "<title>page</title>";

/** Serves a folder that holds a page alone. */
async function serve(): Promise<{ readonly origin: string; readonly index: string }> {
  const folder = await mkdtemp(join(tmpdir(), "wherry-page-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const index = join(folder, "index.html");
  await writeFile(index, page);
  const server = pageServer({ page: folder, guest: folder, images: folder });
  onTestFinished(() => {
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, index };
}

it("says that no other site may frame the page, which only a header can", async () => {
  const { origin } = await serve();
  for (const path of ["/", "/index.html", "/absent", "/guest/absent"]) {
    const response = await fetch(`${origin}${path}`);
    await response.arrayBuffer();
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy.split("; ")).toEqual([...contentSecurityPolicy.split("; "), "frame-ancestors 'self'"]);
  }
  expect(contentSecurityPolicy, "browsers ignore it in a meta element").not.toContain("frame-ancestors");
});

it("sends whole files, whatever range is asked for", async () => {
  const { origin } = await serve();
  for (const range of ["bytes=5-2", "bytes=-3", "bytes=0-1,4-", "lines=1"]) {
    const response = await fetch(`${origin}/index.html`, { headers: { range } });
    expect([response.status, await response.text()]).toEqual([200, page]);
  }
});

it("breaks off what it cannot read any more, and goes on", async () => {
  const { origin, index } = await serve();
  await rm(index);
  await expect(fetch(`${origin}/index.html`).then((response) => response.text())).rejects.toThrow();
  expect((await fetch(`${origin}/absent`)).status).toBe(404);
});
