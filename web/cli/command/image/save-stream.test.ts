import { expect, it } from "vitest";
import { docker } from "../../docker.ts";
import { FakeEngine } from "../../testing/fake-engine.ts";
import { MemoryContext } from "../../testing/memory-context.ts";

it("docker save says why the file can't be written", async () => {
  const engine = new FakeEngine({ "GET /images/get": () => new Response("archive") });
  const context = new MemoryContext(["save", "-o", "/out/a.tar", "busybox"], { files: { "/out/kept": "" } });
  const stat = context.files.stat;
  Object.assign(context.files, {
    stat: (path: string) => (path === "/out" ? stat(path) : Promise.reject(new Error("not there"))),
    write: () => Promise.reject(Object.assign(new Error("ENOSPC, in Node's words"), { code: "ENOSPC" })),
  });
  expect(await docker(context, engine)).toBe(1);
  expect(context.err).toBe("failed to save image: open /out/a.tar: no space left on device\n");
});
