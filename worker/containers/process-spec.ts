import { effectiveCapabilities } from "../runtime/spec/capabilities.ts";
import { generateProcess, type ProcessOptions } from "../runtime/spec/spec.ts";
import type { ProcessSpec } from "../runtime/spec/types.ts";
import type { Container } from "./container.ts";
import { parseSecurityOptions } from "./security-options.ts";

interface AddedProcess extends Pick<ProcessOptions, "user" | "args" | "env" | "cwd" | "console"> {
  readonly privileged: boolean;
}

/** A process that is added to a running container, an exec or a health check: under the limits that the container is under. */
export function addedProcessSpec(container: Container, { privileged, cwd, ...process }: AddedProcess): ProcessSpec {
  const { config, hostConfig: host } = container.record;
  const { noNewPrivileges } = parseSecurityOptions(host.SecurityOpt ?? []);
  const capabilities = effectiveCapabilities(host.CapAdd ?? [], host.CapDrop ?? [], host.Privileged || privileged);
  return generateProcess({ ...process, host, cwd: cwd || config.WorkingDir, capabilities, noNewPrivileges });
}
