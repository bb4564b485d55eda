import { type Decoder, string, struct } from "../internal/decode.ts";
import type { AuthConfig } from "./types/common.ts";

export const authConfig: Decoder<AuthConfig> = struct<AuthConfig>("registry.AuthConfig", {
  username: string,
  password: string,
  auth: string,
  email: string,
  serveraddress: string,
  identitytoken: string,
  registrytoken: string,
});

/** Reads `X-Registry-Auth`: base64url of a JSON object. None when there are no credentials in it; Docker takes a malformed one for none. */
export function registryAuth(request: Request): { readonly auth?: AuthConfig } {
  const header = request.headers.get("X-Registry-Auth");
  if (!header) return {};
  try {
    const base64 = header.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const auth = authConfig.decode(JSON.parse(new TextDecoder().decode(bytes)), "");
    return Object.keys(auth).length > 0 ? { auth } : {};
  } catch {
    return {};
  }
}
