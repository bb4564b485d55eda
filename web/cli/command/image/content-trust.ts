import { parseBool } from "../../../../worker/internal/strconv.ts";
import type { Cli } from "../../cli.ts";
import type { ParsedFlags } from "../../flags/parse.ts";

/** @throws Error when signed images are asked for (`--disable-content-trust=false`, DOCKER_CONTENT_TRUST): there is no trust */
export function refuseContentTrust(cli: Cli, flags: ParsedFlags): void {
  const disabled = flags.changed("disable-content-trust")
    ? flags.bool("disable-content-trust")
    : !isOn(cli.context.env.DOCKER_CONTENT_TRUST);
  if (!disabled) throw new Error("content trust is not implemented: signatures of images cannot be checked");
}

/** As Docker reads the variable: what is no truth value counts as true. */
function isOn(text: string | undefined): boolean {
  if (text === undefined || text === "") return false;
  try {
    return parseBool(text);
  } catch {
    return true;
  }
}
