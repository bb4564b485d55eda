import { allCapabilities, effectiveCapabilities } from "../runtime/spec/capabilities.ts";
import { capabilitySets, withHome } from "../runtime/spec/spec.ts";
import type { ProcessSpec } from "../runtime/spec/types.ts";
import type { ResolvedUser } from "../runtime/spec/user.ts";
import type { Container } from "./container.ts";
import { parseSecurityOptions } from "./validate.ts";

interface AddedProcess {
  readonly user: ResolvedUser;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Empty for the container's own. */
  readonly cwd: string;
  readonly privileged: boolean;
}

/** A process that is added to a running container, an exec or a health check: under the limits that the container is under. */
export function addedProcessSpec(
  container: Container,
  { user, args, env, cwd, privileged }: AddedProcess,
): ProcessSpec {
  const { config, hostConfig: host } = container.record;
  const own = effectiveCapabilities(host.CapAdd ?? [], host.CapDrop ?? [], host.Privileged);
  const { noNewPrivileges } = parseSecurityOptions(host.SecurityOpt ?? []);
  return {
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids ?? [] },
    args,
    env: withHome(env, user),
    cwd: cwd || config.WorkingDir || "/",
    capabilities: capabilitySets(privileged ? allCapabilities : own),
    rlimits: (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({
      type: `RLIMIT_${Name.toUpperCase()}`,
      soft: Soft,
      hard: Hard,
    })),
    ...(noNewPrivileges && { noNewPrivileges }),
    oomScoreAdj: host.OomScoreAdj,
  };
}
