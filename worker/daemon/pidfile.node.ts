import { readFile, rm, writeFile } from "node:fs/promises";
import { conflict, errorMessage, system } from "../errdefs/errors.ts";

/** Writes our process ID. Rejects with `Conflict` while the process that the file names is alive. */
export async function writePidFile(path: string): Promise<{ remove(): Promise<void> }> {
  const pid = Number((await readFile(path, "utf8").catch(() => "")).trim());
  if (pid > 0 && pid !== process.pid && isAlive(pid)) {
    throw conflict(
      `failed to start daemon, ensure docker is not running or delete ${path}: process with PID ${pid} is still running`,
    );
  }
  await writeFile(path, `${process.pid}\n`, { mode: 0o644 }).catch((error: unknown) => {
    throw system(`cannot write the PID file ${path}: ${errorMessage(error)}`, { cause: error });
  });
  return { remove: () => rm(path, { force: true }) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
