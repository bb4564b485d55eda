import { type EngineError, invalidParameter } from "../errdefs/errors.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";

/**
 * A normalized image reference: `docker.io/library/busybox:latest` for what a user calls `busybox`. The grammar, the
 * familiar form and the messages are those of github.com/distribution/reference.
 */
export interface Reference {
  /** Registry host, with port where one was given: `docker.io`, `localhost:5000`. */
  readonly domain: string;
  /** Repository within the registry: `library/busybox`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

export const defaultDomain = "docker.io";
const legacyDefaultDomain = "index.docker.io";
const officialPrefix = "library/";
const pathLengthLimit = 255;

const component = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const host = `(?:${component}(?:\\.${component})*|\\[[a-fA-F0-9:]+\\])`;
const domain = `${host}(?::[0-9]+)?`;
const pathComponent = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const remoteName = `${pathComponent}(?:/${pathComponent})*`;
const tag = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const referencePattern = new RegExp(`^(?:(${domain})/)?(${remoteName})(?::(${tag}))?(?:@(${digest}))?$`);
const tagPattern = new RegExp(`^${tag}$`);
const identifierPattern = /^[a-f0-9]{64}$/;

/** Longer input is no reference, and is not worth matching. */
const textLengthLimit = 4096;

/**
 * Parses what a user typed, completing domain and `library/`. No tag is added: see `tagNameOnly`.
 * Rejects with `InvalidParameter` in Docker's words.
 */
export function parseNormalizedNamed(text: string): Reference {
  if (text.length > textLengthLimit) throw invalidFormat();
  if (identifierPattern.test(text)) {
    throw invalidParameter(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const [domainPart, remainder] = splitDockerDomain(text);
  const colon = remainder.indexOf(":");
  const remote = colon < 0 ? remainder : remainder.slice(0, colon);
  if (remote.toLowerCase() !== remote) {
    throw invalidParameter(`invalid reference format: repository name (${remote}) must be lowercase`);
  }
  return parseCanonical(`${domainPart}/${remainder}`);
}

/** Parses a reference that is written out in full, as `formatReference` writes it. */
export function parseCanonical(text: string): Reference {
  const match = referencePattern.exec(text);
  if (!match) {
    if (text === "") throw invalidParameter("repository name must have at least one component");
    if (referencePattern.test(text.toLowerCase())) throw invalidParameter("repository name must be lowercase");
    throw invalidFormat();
  }
  const [, domainPart = "", path = "", tagPart, digestPart] = match;
  if (path.length > pathLengthLimit) {
    throw invalidParameter(`repository name must not be more than ${pathLengthLimit} characters`);
  }
  return {
    domain: domainPart,
    path,
    ...(tagPart === undefined ? {} : { tag: tagPart }),
    ...(digestPart === undefined ? {} : { digest: parseDigest(digestPart) }),
  };
}

/** Adds the tag `latest` when the reference has neither tag nor digest. */
export function tagNameOnly(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: "latest" } : reference;
}

/** The repository alone. */
export function trimNamed(reference: Reference): Reference {
  return { domain: reference.domain, path: reference.path };
}

/** Replaces the tag, dropping a digest. Rejects with `InvalidParameter`. */
export function withTag(reference: Reference, name: string): Reference {
  if (!tagPattern.test(name)) throw invalidParameter("invalid tag format");
  return { ...trimNamed(reference), tag: name };
}

/** Replaces the digest, dropping a tag. */
export function withDigest(reference: Reference, value: Digest): Reference {
  return { ...trimNamed(reference), digest: value };
}

/** Written out in full: `docker.io/library/busybox:latest`. */
export function formatReference(reference: Reference): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`;
}

/** The repository as users write it: `busybox`, `me/app`, `ghcr.io/me/app`. */
export function familiarName(reference: Reference): string {
  if (reference.domain !== defaultDomain) return `${reference.domain}/${reference.path}`;
  const short = reference.path.slice(officialPrefix.length);
  return reference.path.startsWith(officialPrefix) && !short.includes("/") ? short : reference.path;
}

/** The reference as users write it: `busybox:latest`. */
export function familiarString(reference: Reference): string {
  return `${familiarName(reference)}${suffix(reference)}`;
}

function suffix(reference: Reference): string {
  const tagPart = reference.tag === undefined ? "" : `:${reference.tag}`;
  return reference.digest === undefined ? tagPart : `${tagPart}@${reference.digest}`;
}

/** The first part is a registry when it looks like a host, since repository names have neither dots first nor capitals. */
function splitDockerDomain(text: string): readonly [domain: string, remainder: string] {
  const slash = text.indexOf("/");
  if (slash < 0) return [defaultDomain, `${officialPrefix}${text}`];
  const first = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  const isHost = first === "localhost" || /[.:]/.test(first) || first.toLowerCase() !== first;
  const [found, remainder] = isHost
    ? [first === legacyDefaultDomain ? defaultDomain : first, rest]
    : [defaultDomain, text];
  const official = found === defaultDomain && !remainder.includes("/");
  return [found, official ? `${officialPrefix}${remainder}` : remainder];
}

function invalidFormat(): EngineError {
  return invalidParameter("invalid reference format");
}
