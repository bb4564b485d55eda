import type { Cli } from "../../cli.ts";
import { encodeAuth, hubServer } from "../../config-file.ts";

/** The header that sends along the credentials for a registry, which are empty when there are none. */
export async function registryAuth(cli: Cli, domain: string): Promise<Record<string, string>> {
  const auth = await cli.config.auth(domain === "docker.io" ? hubServer : domain);
  return { "X-Registry-Auth": encodeAuth(auth ?? {}) };
}
