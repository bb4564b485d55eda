import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { registryProxy } from "../proxy/registry-proxy.node.ts";
import { type Artefacts, artefacts } from "./artefacts.node.ts";
import { pageServer, type Site } from "./page-server.node.ts";

const usage = `Usage:  wherry [serve] [OPTIONS]

Serve the page that runs containers in the browser

Options:
      --address string        Address to listen on (default "127.0.0.1")
      --port int              Port to listen on (default 8080)
      --allow-registry list   Registry that the page's proxy may also ask
      --no-proxy              Serve no registry proxy
      --help                  Print usage`;

/** `wherry serve`: serves the page until it is interrupted. */
export async function serve(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      address: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "8080" },
      "allow-registry": { type: "string", multiple: true, default: [] },
      "no-proxy": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const found = artefacts();
  const missing = missingArtefact(found);
  if (missing) {
    console.error(`wherry: ${missing} is missing. In a clone, "npm start" builds it.`);
    return 1;
  }
  const where = { address: values.address, port: Number(values.port) };
  const proxy = registryProxy({
    prefix: "/registry-proxy",
    origins: () => origins(where),
    allowRegistries: values["allow-registry"],
  });
  const code = await listen(values["no-proxy"] ? found : { ...found, proxy }, where);
  proxy.close();
  return code;
}

interface Where {
  readonly address: string;
  readonly port: number;
}

/** What the page's address may be in the address bar: the listening address, and loopback's names for it. */
function origins({ address, port }: Where): readonly string[] {
  const hosts = new Set([urlHost(address), "127.0.0.1", "localhost", "[::1]"]);
  return [...hosts].map((host) => new URL(`http://${host}:${port}`).origin);
}

function urlHost(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function missingArtefact(found: Artefacts): string | undefined {
  return [found.page, found.guest].find((folder) => !existsSync(folder));
}

function listen(site: Site, where: Where): Promise<number> {
  const server = pageServer(site);
  return new Promise((resolve) => {
    server.on("error", (error: NodeJS.ErrnoException) => {
      console.error(
        error.code === "EADDRINUSE"
          ? `wherry: port ${where.port} is in use. Choose another one with --port.`
          : `wherry: ${error.message}`,
      );
      resolve(1);
    });
    server.listen(where.port, where.address, () => {
      console.log(`Wherry is at http://${urlHost(where.address)}:${where.port}/  (Ctrl-C ends it)`);
    });
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        server.close(() => resolve(0));
        server.closeAllConnections();
      });
    }
  });
}
