import { type Outcome, run } from "./run.ts";
import { startDaemon } from "./wherry.ts";

/**
 * The engine under test. It is Wherry, unless WHERRY_TEST_HOST names another Docker host: run against a real engine, the
 * conformance tests prove that what they expect is what Docker does.
 */
export interface Engine {
  /** For DOCKER_HOST. */
  readonly host: string;
  docker(argv: readonly string[], options?: { readonly input?: string; readonly timeout?: number }): Promise<Outcome>;
  stop(): Promise<void>;
}

export async function startEngine(flags: readonly string[] = []): Promise<Engine> {
  const host = process.env.WHERRY_TEST_HOST;
  if (!host) return startWherry(flags);
  return {
    host,
    docker: (argv, options = {}) => run("docker", argv, { env: { ...process.env, DOCKER_HOST: host }, ...options }),
    stop: async () => undefined,
  };
}

/** With busybox there, as on the real engine: the first run would tell of the pull. */
async function startWherry(flags: readonly string[]): Promise<Engine> {
  const daemon = await startDaemon({ flags });
  const { code, stderr } = await daemon.docker(["pull", "-q", "busybox"]);
  if (code === 0) return daemon;
  await daemon.stop();
  throw new Error(`busybox cannot be pulled: ${stderr}`);
}
