import { invalidParameter } from "../errdefs/errors.ts";
import { type Digest, isDigest } from "./digest.ts";
import { asObject, asSize, asString, optionalString, optionalStringMap, optionalStrings } from "./json.ts";
import type { Platform } from "./platform.ts";

/** Names content by digest, size and kind (OCI image-spec, "Descriptor"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Rejects with `InvalidParameter`; `where` is named in the message. */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  const fields = asObject(value, where);
  const digest = asString(fields.digest, `${where}.digest`);
  if (!isDigest(digest))
    throw invalidParameter(`${where}.digest: expected a sha256 digest, got ${JSON.stringify(digest.slice(0, 200))}`);
  const annotations = optionalStringMap(fields.annotations, `${where}.annotations`);
  const platform = fields.platform;
  return {
    mediaType: asString(fields.mediaType, `${where}.mediaType`),
    digest,
    size: asSize(fields.size, `${where}.size`),
    ...(platform === undefined || platform === null
      ? {}
      : { platform: parsePlatformObject(platform, `${where}.platform`) }),
    ...(annotations ? { annotations } : {}),
  };
}

function parsePlatformObject(value: unknown, where: string): Platform {
  const fields = asObject(value, where);
  const variant = optionalString(fields.variant, `${where}.variant`);
  const osVersion = optionalString(fields["os.version"], `${where}.os.version`);
  optionalStrings(fields["os.features"], `${where}.os.features`);
  return {
    os: asString(fields.os, `${where}.os`),
    architecture: asString(fields.architecture, `${where}.architecture`),
    ...(variant ? { variant } : {}),
    ...(osVersion ? { osVersion } : {}),
  };
}
