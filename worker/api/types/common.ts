import type { Platform } from "../../oci/platform.ts";

export type { Platform };

/** Times on the wire are RFC 3339 with nanoseconds, in UTC. The zero time is `0001-01-01T00:00:00Z`. */
export type Timestamp = string;

/** `filters` of a list, prune or events request: the values asked for under each name. Values of one name are alternatives. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/** Go marshals a map without entries as `{}` and a nil map as `null`; both read as no entries. */
export type Labels = Readonly<Record<string, string>>;

/** A set, as Docker writes it. */
export type NameSet = Readonly<Record<string, Record<string, never>>>;

/** Credentials for a registry, from `X-Registry-Auth` or `POST /auth`. */
export interface AuthConfig {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly email?: string;
  readonly serveraddress?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** Called with each progress message of a long request, in order. Does not block: a slow client's bars skip steps. */
export type ProgressListener = (message: JsonMessage) => void;

/** One line of a pull, push, load, import or build response (`jsonmessage.JSONMessage`). */
export interface JsonMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly progressDetail?: ProgressDetail | Record<string, never>;
  /** The bar as text; Docker fills it in for old clients. The API adds it. */
  readonly progress?: string;
  readonly id?: string;
  readonly errorDetail?: { readonly code?: number; readonly message: string };
  readonly error?: string;
  readonly aux?: unknown;
}

/** `current` and `total` in bytes, or in `units`. */
export interface ProgressDetail {
  readonly current?: number;
  readonly total?: number;
  readonly start?: number;
  readonly hidecounts?: boolean;
  readonly units?: string;
}

/** An OCI content descriptor as it is on the wire. */
export interface DescriptorJson {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Labels;
  readonly platform?: Platform;
  readonly artifactType?: string;
}
