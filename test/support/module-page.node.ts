import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "vite";

/** A page that runs one module, and a server of its own for it. */
export interface ModulePage {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string;
  stop(): Promise<void>;
}

/** Bundles `entry` and serves it. `handle` may take requests before the page does. */
export async function serveModule(
  entry: string,
  handle: (request: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<ModulePage> {
  const script = await bundle(entry);
  const server = createServer((request, response) => {
    if (handle(request, response)) return;
    const isScript = request.url === "/module.js";
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? script : '<!doctype html><script type="module" src="/module.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bundle(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, minify: false, lib: { entry, formats: ["es"] } },
  });
  const [first] = Array.isArray(result) ? result : [result];
  const chunk = first && "output" in first ? first.output[0] : undefined;
  if (!chunk) throw new Error(`nothing was built of ${entry}`);
  return chunk.code;
}
