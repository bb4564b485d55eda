/** An image's name in parts, completed with Docker's defaults. */
export interface Reference {
  /** Registry, `docker.io` when none is named. */
  readonly domain: string;
  /** Repository within the registry: `library/busybox`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

const defaultDomain = "docker.io";
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const domainPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const tagPattern = /^[\w][\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/**
 * Reads `[REGISTRY/]NAME[:TAG][@DIGEST]`.
 * @throws Error with Docker's message
 */
export function parseReference(text: string): Reference {
  const invalid = () => new Error("invalid reference format");
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw new Error(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const [beforeDigest = "", digest] = text.split("@", 2);
  const { domain, rest } = splitDomain(beforeDigest);
  const colon = rest.lastIndexOf(":");
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  const full = domain === defaultDomain && !path.includes("/") ? `library/${path}` : path;
  if (full.toLowerCase() !== full && path !== "") {
    throw new Error(`invalid reference format: repository name (${full}) must be lowercase`);
  }
  if (!pathPattern.test(full) || !domainPattern.test(domain)) throw invalid();
  if (tag !== undefined && !tagPattern.test(tag)) throw invalid();
  if (digest !== undefined && !digestPattern.test(digest)) throw invalid();
  if (domain.length + full.length + 1 > 255) throw new Error("repository name must not be more than 255 characters");
  return { domain, path: full, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

function splitDomain(text: string): { domain: string; rest: string } {
  const slash = text.indexOf("/");
  const first = text.slice(0, Math.max(0, slash));
  const isDomain = slash > 0 && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  if (!isDomain) return { domain: defaultDomain, rest: text };
  const domain = first === "index.docker.io" ? defaultDomain : first;
  return { domain, rest: text.slice(slash + 1) };
}

/** The reference with `latest` where neither tag nor digest is given. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: "latest" } : reference;
}

export function familiarName(reference: Reference): string {
  if (reference.domain !== defaultDomain) return `${reference.domain}/${reference.path}`;
  return reference.path.startsWith("library/") ? reference.path.slice("library/".length) : reference.path;
}

function suffix(reference: Reference): string {
  return (
    (reference.tag === undefined ? "" : `:${reference.tag}`) +
    (reference.digest === undefined ? "" : `@${reference.digest}`)
  );
}

/** As users write it: `busybox:latest`. */
export function familiarString(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

/** In full: `docker.io/library/busybox:latest`. */
export function referenceString(reference: Reference): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`;
}

/** Says whether the text can only be an image's ID. */
export function isImageId(text: string): boolean {
  return /^(sha256:)?[a-f0-9]{64}$/.test(text);
}
