import { invalidParameter } from "../errdefs/errors.ts";
import { defaultDomain } from "../reference/reference.ts";

export interface RegistryOptions {
  /** `--registry-mirror`: asked first for docker.io, best first. */
  readonly mirrors: readonly string[];
  /** `--insecure-registry`: hosts, `host:port` or IPv4 ranges in CIDR form that may be asked over HTTP, or unverified. */
  readonly insecureRegistries: readonly string[];
}

const upstreamOfDefault = "registry-1.docker.io";

/** Addresses of the registry of `domain`, best first. HTTP is offered for loopback and what the user called insecure. */
export function registryEndpoints(domain: string, options: RegistryOptions): readonly URL[] {
  const host = domain === defaultDomain ? upstreamOfDefault : domain;
  const https = new URL(`https://${host}`);
  return isInsecure(host, options.insecureRegistries) ? [https, new URL(`http://${host}`)] : [https];
}

/** Parses `--registry-mirror`: an address under which `v2/` is found. Rejects with `InvalidParameter` in dockerd's words. */
export function parseMirror(text: string): URL {
  const shown = JSON.stringify(text);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw invalidParameter(`invalid mirror: no scheme specified for ${shown}: must use either 'https://' or 'http://'`);
  }
  if (!url) throw invalidParameter(`invalid mirror: ${shown} is not a valid URI`);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    const scheme = JSON.stringify(url.protocol.slice(0, -1));
    throw invalidParameter(
      `invalid mirror: unsupported scheme ${scheme} in ${shown}: must use either 'https://' or 'http://'`,
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw invalidParameter(`invalid mirror: query or fragment at end of the URI ${shown}`);
  }
  if (url.username !== "" || url.password !== "") {
    if (url.password !== "") url.password = "xxxxx";
    throw invalidParameter(`invalid mirror: username/password not allowed in URI ${JSON.stringify(url.href)}`);
  }
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Whether the registry at `host` may be asked over HTTP, or under a certificate that nobody vouches for. */
export function isInsecure(host: string, insecure: readonly string[]): boolean {
  const { hostname } = new URL(`https://${host}`);
  return (
    isLoopback(hostname) || insecure.some((entry) => entry === host || entry === hostname || isInRange(hostname, entry))
  );
}

function isInRange(hostname: string, range: string): boolean {
  const [base = "", bits = ""] = range.split("/");
  const [address, network] = [ipv4(hostname), ipv4(base)];
  if (address === undefined || network === undefined || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(address / size) === Math.floor(network / size);
}

function ipv4(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
