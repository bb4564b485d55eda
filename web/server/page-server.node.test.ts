import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { contentSecurityPolicy } from "../csp.ts";
import { pageServer } from "./page-server.node.ts";

it("says that no other site may frame the page, which only a header can", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wherry-page-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "index.html"), "<title>page</title>");
  const server = pageServer({ page: folder, guest: folder, images: folder });
  onTestFinished(() => {
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (const path of ["/", "/index.html", "/absent", "/guest/absent"]) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    await response.arrayBuffer();
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy.split("; ")).toEqual([...contentSecurityPolicy.split("; "), "frame-ancestors 'self'"]);
  }
  expect(contentSecurityPolicy, "browsers ignore it in a meta element").not.toContain("frame-ancestors");
});
