import { invalidParameter } from "../errdefs/errors.ts";

/** `sha256:` and 64 lower-case hex digits: the one algorithm that registries use (OCI image-spec, "Digests"). */
export type Digest = `sha256:${string}`;

const digestPattern = /^sha256:[0-9a-f]{64}$/;
const anyDigestPattern = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/;

export function isDigest(value: unknown): value is Digest {
  return typeof value === "string" && digestPattern.test(value);
}

/** Parses a digest. Rejects with `InvalidParameter` in go-digest's words. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  if (!anyDigestPattern.test(text)) throw invalidParameter("invalid checksum digest format");
  if (!text.startsWith("sha256:")) throw invalidParameter("unsupported digest algorithm");
  if (text.length !== "sha256:".length + 64) throw invalidParameter("invalid checksum digest length");
  throw invalidParameter("invalid checksum digest format");
}

/** The 64 hex digits. */
export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** The twelve digits that Docker shows. */
export function shortId(digest: Digest): string {
  return digestHex(digest).slice(0, 12);
}
