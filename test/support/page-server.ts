import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What the build made. Tests may be pointed at another build than the clone's. */
export const dist = process.env.WHERRY_DIST ?? fileURLToPath(new URL("../../dist", import.meta.url));

/** `wherry serve` in a process of its own, on a free port. */
export interface PageServer {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts it and waits until it says where it is. Rejects with what it printed when it does not. */
export async function startPageServer(flags: readonly string[] = []): Promise<PageServer> {
  const child = spawn(process.execPath, [`${dist}/node/wherry.js`, "--port", "0", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  const port = await new Promise<number>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (bytes: Buffer) => {
        printed += bytes.toString();
        const port = /^Wherry is at http:\/\/\S+:(\d+)\//m.exec(printed)?.[1];
        if (port) resolve(Number(port));
      });
    }
    child.once("exit", () => reject(new Error(`The server does not start. It printed:\n${printed}`)));
  });
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    async stop() {
      if (child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}
