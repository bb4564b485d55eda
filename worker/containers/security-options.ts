import { invalidParameter, notImplemented } from "../errdefs/errors.ts";

/** What `--security-opt` asks for. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** JSON of a profile, `unconfined`, or undefined for Docker's own. */
  readonly seccomp?: string;
}

/** Throws `InvalidParameter` with Docker's text. */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let noNewPrivileges = false;
  let seccomp: string | undefined;
  for (const option of options) {
    if (option === "no-new-privileges") {
      noNewPrivileges = true;
      continue;
    }
    if (option === "disable" || option === "label=disable") continue;
    const at = option.search(/[=:]/);
    if (at < 0) throw invalidParameter(`invalid --security-opt 1: ${JSON.stringify(option)}`);
    const value = option.slice(at + 1);
    switch (option.slice(0, at)) {
      case "no-new-privileges":
        if (!["true", "false"].includes(value)) {
          throw invalidParameter(`invalid --security-opt 2: ${JSON.stringify(option)}`);
        }
        noNewPrivileges = value === "true";
        break;
      case "seccomp":
        seccomp = value === "builtin" ? undefined : value;
        break;
      case "label":
        break;
      case "apparmor":
        if (value !== "unconfined") throw notImplemented("AppArmor profiles are not supported");
        break;
      default:
        throw invalidParameter(`invalid --security-opt 2: ${JSON.stringify(option)}`);
    }
  }
  return { noNewPrivileges, ...(seccomp !== undefined && { seccomp }) };
}
