import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { conflict, errorMessage, system } from "../errdefs/errors.ts";
import { makeFolder } from "../internal/make-folder.node.ts";
import { isAnswered } from "../internal/socket.node.ts";

/** Held for as long as an engine uses a data root. */
export interface DataRootLock {
  release(): Promise<void>;
}

/**
 * Takes the data root for this process. The lock is an abstract unix socket named after the folder's inode: the kernel
 * releases it with the process, however that ends, so there is no stale lock to judge. Rejects with `Conflict` while another
 * process holds it, with `System` when the folder can't be made or written to; the pid file beside only makes that message
 * useful.
 */
export async function lockDataRoot(dataRoot: string): Promise<DataRootLock> {
  const unusable = (error: unknown) => {
    throw system(`cannot use the data root ${dataRoot}: ${errorMessage(error)}`, { cause: error });
  };
  await makeFolder(dataRoot, 0o710).catch(unusable);
  const path = await lockPath(dataRoot);
  const pidFile = join(dataRoot, "wherry.pid");
  const server = createServer((connection) => connection.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? conflict("in use") : system(`cannot lock ${dataRoot}: ${error.message}`));
    });
    server.listen({ path, exclusive: true }, resolve);
  }).catch(async (error: Error) => {
    if (error.name !== "Conflict") throw error;
    const pid = (await readFile(pidFile, "utf8").catch(() => "")).trim();
    const who = /^\d+$/.test(pid) ? `process with PID ${pid} is still running` : "another process holds it";
    throw conflict(`failed to start daemon: the data root ${dataRoot} is in use: ${who}`);
  });
  // The lock must not keep the process alive.
  server.unref();
  await writeFile(pidFile, `${process.pid}\n`, { mode: 0o600 }).catch(unusable);
  return {
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Whether some process holds the data root, which exists. */
export async function isDataRootLocked(dataRoot: string): Promise<boolean> {
  return isAnswered(await lockPath(dataRoot));
}

async function lockPath(dataRoot: string): Promise<string> {
  const { dev, ino } = await stat(dataRoot);
  return `\0wherry-data-root-${dev}-${ino}`;
}
