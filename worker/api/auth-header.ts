import { invalidParameter } from "../errdefs/errors.ts";
import { type Decode, string, struct } from "./decode.ts";
import type { AuthConfig } from "./types/common.ts";

export const authConfig: Decode<AuthConfig> = struct<AuthConfig>({
  username: string,
  password: string,
  auth: string,
  email: string,
  serveraddress: string,
  identitytoken: string,
  registrytoken: string,
});

/** Reads `X-Registry-Auth`: base64url of a JSON object. Undefined when there are no credentials in it. */
export function registryAuth(request: Request): { readonly auth?: AuthConfig } {
  const header = request.headers.get("X-Registry-Auth");
  if (!header) return {};
  let auth: AuthConfig;
  try {
    const base64 = header.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    auth = authConfig(JSON.parse(new TextDecoder().decode(bytes)), "");
  } catch {
    throw invalidParameter("invalid X-Registry-Auth header: invalid JSON");
  }
  return Object.keys(auth).length > 0 ? { auth } : {};
}
