import type { EngineApi } from "../../worker/api/engine-api.ts";
import type { HostSession } from "../../worker/host/host-session.ts";
import { docker } from "./docker.ts";
import { acceptInvocation } from "./invocation.ts";

/** Answers every `docker` that is started in the host's shells, until the listener is disposed. */
export function serveInvocations(host: HostSession, engine: EngineApi): { dispose(): void } {
  return host.onInvocation(async (connection) => {
    const invocation = await acceptInvocation(connection);
    await invocation.exit(await docker(invocation.context, engine));
  });
}
