import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { parseArgs } from "node:util";
import { registryProxy } from "../proxy/registry-proxy.node.ts";
import { type Artefacts, artefacts } from "./artefacts.node.ts";
import { pageServer, type Site } from "./page-server.node.ts";

const usage = `Usage:  wherry [serve] [OPTIONS]

Serve the page that runs containers in the browser

Options:
      --address string        Address to listen on (default "127.0.0.1")
      --port int              Port to listen on, 0 for any free one (default 8080)
      --allow-registry list   Registry that the page's proxy may also ask
      --no-proxy              Serve no registry proxy
      --help                  Print usage`;

/** `wherry serve`: serves the page until it is interrupted. Answers the exit code. */
export async function serve(argv: readonly string[]): Promise<number> {
  const options = parse(argv);
  if (typeof options === "string") {
    console.error(`wherry: ${options}\n\n${usage}`);
    return 125;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const found = artefacts();
  const missing = missingArtefact(found);
  if (missing) {
    console.error(`wherry: ${missing} is missing. In a clone, "npm start" builds it.`);
    return 1;
  }
  const { where } = options;
  const proxy = registryProxy({
    prefix: "/registry-proxy",
    origins: () => origins(where),
    allowRegistries: options.allowRegistries,
  });
  const code = await listen(options.noProxy ? found : { ...found, proxy }, where);
  proxy.close();
  return code;
}

interface ServeOptions {
  readonly where: Where;
  readonly allowRegistries: readonly string[];
  readonly noProxy: boolean;
  readonly help: boolean;
}

/** `port` 0 stands for any free one, until the server listens on it. */
interface Where {
  readonly address: string;
  port: number;
}

/** Answers a sentence when the arguments cannot be understood. */
function parse(argv: readonly string[]): ServeOptions | string {
  try {
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
    const { address, port, help } = values;
    if (!/^\d+$/.test(port) || Number(port) > 65535) return `invalid port "${port}": expected a number from 0 to 65535`;
    const where = { address, port: Number(port) };
    return { where, allowRegistries: values["allow-registry"], noProxy: values["no-proxy"], help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What the page's address may be in the address bar: the addresses listened on, and loopback's names for them. */
function origins({ address, port }: Where): readonly string[] {
  const everywhere = address === "0.0.0.0" || address === "::";
  const own = everywhere ? Object.values(networkInterfaces()).flatMap((each) => each ?? []) : [{ address }];
  const hosts = new Set([...own.map((each) => urlHost(each.address)), "127.0.0.1", "localhost", "[::1]"]);
  return [...hosts].map((host) => `http://${host}:${port}`).map((url) => new URL(url).origin);
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
      const bound = server.address();
      if (bound !== null && typeof bound === "object") where.port = bound.port;
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
