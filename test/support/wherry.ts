import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dist } from "./page-server.ts";
import { type Outcome, run } from "./run.ts";

const program = join(dist, "node/wherry.js");

/** A headless Wherry in a process of its own, on a unix socket and a data root of its own. */
export interface Daemon {
  /** For DOCKER_HOST. */
  readonly host: string;
  readonly dataRoot: string;
  readonly process: ChildProcess;
  /** What it printed so far. */
  output(): string;
  /** Runs the real docker command against it. */
  docker(argv: readonly string[], options?: { readonly input?: string; readonly timeout?: number }): Promise<Outcome>;
  /** Ends it with `signal` and waits. The data root stays. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it and removes its folder, which holds the data root unless another daemon's was given. */
  stop(): Promise<void>;
}

export interface DaemonOptions {
  /** Flags beyond -H and --data-root. */
  readonly flags?: readonly string[];
  /** To start again on what an earlier daemon left, or on a file system of the test's own. */
  readonly dataRoot?: string;
}

/** Starts a daemon and waits until it answers; rejects with what it printed when it does not. */
export async function startDaemon(options: DaemonOptions = {}): Promise<Daemon> {
  const folder = await mkdtemp(join(tmpdir(), "wherry-test-"));
  const dataRoot = options.dataRoot ?? join(folder, "data");
  const host = `unix://${join(folder, "docker.sock")}`;
  const child = spawn(
    process.execPath,
    [program, "daemon", "-H", host, "--data-root", dataRoot, ...(options.flags ?? [])],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (printed += chunk.toString()));

  const docker: Daemon["docker"] = (argv, { input, timeout } = {}) =>
    run("docker", argv, {
      env: { ...process.env, DOCKER_HOST: host, DOCKER_CONFIG: join(folder, "config") },
      ...(input === undefined ? {} : { input }),
      ...(timeout === undefined ? {} : { timeout }),
    });
  const kill = async (signal: NodeJS.Signals = "SIGTERM") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  };
  const stop = async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  };

  const daemon = { host, dataRoot, process: child, output: () => printed, docker, kill, stop };
  await answers(daemon);
  return daemon;
}

/** Of `docker run`: runs a line on the Docker host, as its root. */
export function hostLine(line: string): string[] {
  const enter = "nsenter -t 1 -m -u -i -n -- /bin/busybox sh -c".split(" ");
  return ["--privileged", "--pid", "host", "busybox", ...enter, line];
}

async function answers(daemon: Daemon): Promise<void> {
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    if (daemon.process.exitCode !== null) break;
    const { code } = await daemon.docker(["version", "--format", "{{.Server.Version}}"]);
    if (code === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const printed = daemon.output();
  await daemon.stop();
  throw new Error(`The daemon does not answer. It printed:\n${printed}`);
}
