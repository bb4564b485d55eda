import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineClient } from "../../web/client/engine-client.ts";
import { HttpEngineClient } from "../../web/client/http.node.ts";
import { serveEngineApi } from "../port/engine-server.ts";
import { engineApiSuite } from "./engine-api.suite.ts";
import { listen } from "./http.node.ts";

engineApiSuite("over a MessagePort", async (engine) => {
  const { port1, port2 } = new MessageChannel();
  const server = serveEngineApi(port1, engine);
  const client = new EngineClient(port2);
  return {
    client,
    async close() {
      client.dispose();
      server.dispose();
    },
  };
});

engineApiSuite("over a unix socket", async (engine) => {
  const folder = mkdtempSync(join(tmpdir(), "wherry-api-"));
  const path = join(folder, "docker.sock");
  const listener = await listen({ kind: "unix", path }, engine);
  return {
    client: new HttpEngineClient(`unix://${path}`),
    async close() {
      await listener.close();
      rmSync(folder, { recursive: true });
    },
  };
});

engineApiSuite("over TCP", async (engine) => {
  const listener = await listen({ kind: "tcp", host: "127.0.0.1", port: 0 }, engine);
  return { client: new HttpEngineClient(listener.url), close: () => listener.close() };
});
