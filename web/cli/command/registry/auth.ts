import { parseNormalizedNamed } from "../../../../worker/reference/reference.ts";
import type { Cli } from "../../cli.ts";
import { type AuthConfig, hubServer } from "../../config-file.ts";

/** The credentials to send along for an image; empty when there are none. */
export async function registryAuth(cli: Cli, image: string): Promise<AuthConfig> {
  const { domain } = parseNormalizedNamed(image);
  const server = domain === "docker.io" ? hubServer : domain;
  return (await cli.config.auth(server)) ?? {};
}
